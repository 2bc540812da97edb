"""Validation of the tool: versions, machine and determinism of a run, tests of the package, checks of the run."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from robustbench_endo.evaluation.provenance import versions
from robustbench_endo.evaluation.run_checks import check_folder
from robustbench_endo.evidence.log_of_tests import summarise_log
from robustbench_endo.evidence.self_test import run_self_test
from robustbench_endo.results.results import Results
from robustbench_endo.results.verify import Check, verify

DETERMINISM = (
    "Random numbers follow from seed, corruption, severity, draw and frame, whatever the order of computation; the "
    "evaluation uses the deterministic algorithms of torch."
)


def installation() -> dict[str, Any]:
    """Versions of this installation, and the machine."""
    return {"python": platform.python_version(), "platform": platform.platform(), "versions": versions()}


def describe_run_environment(info: Mapping[str, Any]) -> dict[str, Any]:
    """Versions, machine and determinism of a run, by its run.json."""
    names = (
        "python",
        "platform",
        "device",
        "triton",
        "threads",
        "precision",
        "seed",
        "replicates",
        "versions",
        "commit",
    )
    described = {name: info[name] for name in names if name in info}
    return {**described, "compile": info.get("identity", {}).get("compile"), "determinism": DETERMINISM}


def run_checks(results: Results) -> list[Check]:
    """What ``robust-endo verify`` checks of a run itself: its files, its records, and what they have to satisfy."""
    checks = check_folder(Path(str(results.path)))
    names = {check.name for check in checks}
    return checks + [check for check in verify(results) if check.name not in names]


def own_tests(log: bytes | None, name: str) -> dict[str, Any]:
    """The outcome of the tests of the package: those of a log, else known answers that are computed here."""
    if log is not None:
        return {"kind": "test log", **summarise_log(log, name)}
    return {"kind": "self-test", "checks": as_json(run_self_test())}


def as_json(checks: Sequence[Check]) -> list[dict[str, Any]]:
    """Checks as JSON values."""
    return [{"name": check.name, "passed": check.passed, "problem": check.problem} for check in checks]
