"""Published numbers are looked for in every report; see also tests/reports/reproduction/test_published.py."""

import subprocess
import sys


def test_published_numbers_are_read_without_torch():
    code = "import sys, robustbench_endo.reproduction.published_numbers; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
