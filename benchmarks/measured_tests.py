"""The tests marked `gpu`."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from checkout import ROOT
from measured_setting import Save, Setting

WORKERS = 4
"""Processes; each compiles the kernels that its tests use."""


def measure(setting: Setting, save: Save) -> None:
    """Run the tests, or a few of them, and collect their outcome."""
    if find_spec("pytest") is None:
        raise RuntimeError("Cannot run the tests: pytest is not installed.")
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "junit.xml"
        command = [sys.executable, "-m", "pytest", "-q", "-m", "gpu", "-p", "no:cacheprovider", f"--junit-xml={report}"]
        if setting.quick:
            command += ["tests/corruptions/kernels/test_triton_on_a_gpu.py", "-k", "random_numbers"]
        elif find_spec("xdist"):
            command += ["-n", str(WORKERS)]
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "ROBUST_ENDO_TEST_GPU": setting.device.type}
        run = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        if not report.is_file():
            raise RuntimeError(f"Cannot run the tests: {(run.stdout + run.stderr)[-1500:]}")
        save(summary(report.read_text("utf-8")))


def summary(junit: str) -> dict[str, Any]:
    """Numbers of tests by outcome, the messages of those that failed, and the reasons of those that were skipped."""
    root = ElementTree.fromstring(junit)
    failed: dict[str, str] = {}
    skipped: dict[str, int] = {}
    passed = 0
    for case in root.iter("testcase"):
        name = f"{case.get('classname')}::{case.get('name')}"
        problem = case.find("failure") if case.find("failure") is not None else case.find("error")
        skip = case.find("skipped")
        if problem is not None:
            failed[name] = (problem.get("message") or "")[:500]
        elif skip is not None:
            reason = (skip.get("message") or "")[:200]
            skipped[reason] = skipped.get(reason, 0) + 1
        else:
            passed += 1
    return {"passed": passed, "failed": failed, "skipped": skipped}
