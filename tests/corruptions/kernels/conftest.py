"""The results of the Triton kernels in Triton's interpreter."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def triton_failures() -> dict[str, str]:
    """Failures of the checks of interpreted_triton.py by name; empty strings where the kernels agree with the CPU."""
    if find_spec("triton") is None:
        pytest.skip("Triton is not installed: plain torch takes its place")
    script = Path(__file__).with_name("interpreted_triton.py")
    environment = {**os.environ, "TRITON_INTERPRET": "1"}
    run = subprocess.run([sys.executable, script], env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr[-2000:]
    failures: dict[str, str] = json.loads(run.stdout)
    return failures
