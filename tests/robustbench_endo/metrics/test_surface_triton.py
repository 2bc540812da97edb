"""The Triton kernels of the surface distances, run by Triton's interpreter, compared with torch."""

import subprocess
import sys

import pytest


@pytest.mark.slow
def test_interpreted_kernels_equal_torch(triton_failures: dict[str, str]) -> None:
    assert triton_failures["check_surface"] == ""


@pytest.mark.slow
def test_importing_the_metrics_does_not_import_triton() -> None:
    script = "import sys; from robustbench_endo.metrics import surface_distances; sys.exit('triton' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
