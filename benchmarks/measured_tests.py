"""The tests marked `gpu`."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from checkout import ROOT
from measured_setting import Save, Setting

WORKERS = 8
"""Processes; each compiles the kernels that its tests use."""
GROUPS = (("tests/robustbench_endo",), ("tests/corruptions",))
"""Run one after the other, so that the outcome of the first is known where the second one is stopped."""
QUICK = (("tests/corruptions/kernels/test_triton_on_a_gpu.py", "-k", "random_numbers"),)


def measure(setting: Setting, save: Save) -> None:
    """Run the tests, or a few of them, and collect their outcome."""
    if find_spec("pytest") is None:
        raise RuntimeError("Cannot run the tests: pytest is not installed.")
    result: dict[str, Any] = {"passed": 0, "failed": {}, "skipped": {}}
    for group in setting.of(GROUPS, QUICK):
        outcome = summary(report_of(group, setting))
        result["passed"] += outcome["passed"]
        result["failed"] |= outcome["failed"]
        for reason, count in outcome["skipped"].items():
            result["skipped"][reason] = result["skipped"].get(reason, 0) + count
        save(result)


def report_of(arguments: Sequence[str], setting: Setting) -> str:
    """The JUnit report of the tests marked `gpu` that these arguments select."""
    options = ["-q", "-m", "gpu", "-p", "no:cacheprovider", "--continue-on-collection-errors"]
    if find_spec("xdist") and not setting.quick:
        options += ["-n", str(WORKERS)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "ROBUST_ENDO_TEST_GPU": setting.device.type}
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "junit.xml"
        command = [sys.executable, "-m", "pytest", *arguments, *options, f"--junit-xml={report}"]
        run = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        if not report.is_file():
            raise RuntimeError(f"Cannot run the tests: {(run.stdout + run.stderr)[-1500:]}")
        return report.read_text("utf-8")


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
