"""The command line as a whole: start-up, `python -m`, help of every command."""

import subprocess
import sys

import pytest

from robustbench_endo.cli import main

HEAVY = ("torch", "numba", "pandas", "numpy", "scipy", "matplotlib", "rich", "ray", "timm")


HELP_OF_EVERY_COMMAND = f"""
import sys
from click.testing import CliRunner
from robustbench_endo.cli import main

for arguments in ((), *((name,) for name in main.commands)):
    result = CliRunner().invoke(main, [*arguments, "--help"])
    assert result.exit_code == 0, result.output
    heavy = [name for name in {HEAVY!r} if name in sys.modules]
    assert not heavy, (arguments, heavy)
"""


def test_main_help_of_every_command_imports_no_heavy_library():
    done = subprocess.run([sys.executable, "-c", HELP_OF_EVERY_COMMAND], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_python_m_runs_the_command_line():
    done = subprocess.run(
        [sys.executable, "-m", "robustbench_endo", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("robust-endo, version ")


@pytest.mark.parametrize("name", sorted(main.commands))
def test_main_help_of_command(robust_endo, name):
    result = robust_endo(name, "--help")
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith(f"Usage: main {name} ")
