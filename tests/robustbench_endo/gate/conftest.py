"""A report of two criteria, without a run."""

import math

import pytest

from robustbench_endo.gate.report import CriterionResult, GateReport, RunReference


def criterion(**changes) -> CriterionResult:
    values = {
        "id": "dice-smoke",
        "task": "segmentation",
        "metric": "dice",
        "corruption": "Smoke",
        "corruptions": ("smoke",),
        "severities": (1, 2.5),
        "aggregate": "mean",
        "kind": "bound",
        "direction": "at_least",
        "threshold": 70.0,
        "unit": "%",
        "model": "ours",
        "value": 80.5,
        "low": 75.25,
        "high": 86.0,
        "p_value": 0.01,
        "level": 0.025,
        "subjects": 8,
        "verdict": "pass",
        "reason": "The lower end of the interval, 75.25 %, is at least 70 %.",
    }
    return CriterionResult(**{**values, **changes})


def report(*criteria: CriterionResult, verdict="pass", **changes) -> GateReport:
    run = RunReference("demo", "9f" * 32, "synthetic", "endo19", 32, 8)
    values = {
        "name": "release",
        "alpha": 0.05,
        "correction": "holm",
        "estimand": "subject",
        "min_subjects": 6,
        "plan_sha256": "77" * 32,
        "plan_toml": "alpha = 0.05\n",
        "run": run,
        "baseline": None,
        "models": ("ours",),
    }
    return GateReport(criteria=criteria or (criterion(),), verdict=verdict, **{**values, **changes})


@pytest.fixture
def undecided() -> GateReport:
    """One criterion passes, one has no value."""
    empty = dict.fromkeys(("value", "low", "high", "p_value"), math.nan)
    other = criterion(id="accuracy", metric="accuracy", verdict="undecided", reason="No frame has a label.", **empty)
    return report(criterion(), other, verdict="undecided")
