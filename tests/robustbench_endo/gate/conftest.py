"""Reports without a run, and synthetic runs whose scores are known."""

import math
from collections.abc import Callable
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import numpy as np
import pytest

from robustbench_endo.gate import Plan, parse_plan
from robustbench_endo.gate.report import CriterionResult, GateReport, RunReference
from robustbench_endo.results import Results

_RECORDS = Path(__file__).parents[1] / "results" / "conftest.py"


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


def _make_records() -> Callable[..., Results]:
    specification = spec_from_file_location("synthetic_records", _RECORDS)
    module = module_from_spec(specification)
    specification.loader.exec_module(module)
    return module.make


MAKE = _make_records()


@pytest.fixture(scope="session")
def run_of() -> Callable[..., Results]:
    """A run in which each subject has a given accuracy and Dice under each condition, exactly.

    ``quality`` maps (model, corruption, severity) to the scores of the subjects; 0.8 for all others.
    """

    def make(quality=None, *, subjects=8, frames_each=10, models=("new",), name="run", **settings) -> Results:
        results = MAKE(subjects * frames_each, subjects, models, **settings)
        frame = results.frame.copy()
        subject = frame["subject_id"].str[2:4].astype(int).to_numpy()
        score = np.full(len(frame), 0.8)
        for (model, corruption, severity), values in (quality or {}).items():
            rows = ((frame["model"] == model) & (frame["corruption"] == corruption)).to_numpy()
            rows = rows & (frame["severity"] == severity).to_numpy()
            score[rows] = np.broadcast_to(values, subjects)[subject[rows]]
        for label in range(3):
            correct = np.round(1000 * score).astype(int)
            frame[f"tp_{label}"], frame[f"fp_{label}"], frame[f"fn_{label}"] = correct, 1000 - correct, 1000 - correct
        order = frame.groupby(["model", "corruption", "severity", "subject_id"]).cumcount()
        right = order < np.round(frames_each * score)
        target = frame["activity_target"]
        frame["activity_prediction"] = np.where(right, target, (target + 1) % 3)
        return Results(frame, {**results.info, "name": name})

    return make


@pytest.fixture(scope="session")
def plan_of() -> Callable[..., Plan]:
    """A plan of criteria, each a dict, with other settings."""

    def make(*criteria, **settings) -> Plan:
        import tomli_w

        defaults = {"metric": "dice", "corruption": "smoke", "severities": [1, 3]}
        entries = [{"id": f"c{number}", **defaults, **each} for number, each in enumerate(criteria)]
        entries = [{key: value for key, value in each.items() if value is not None} for each in entries]
        return parse_plan(tomli_w.dumps({**settings, "criteria": entries}))

    return make


@pytest.fixture(scope="session")
def invalid_frames() -> Callable[..., Results]:
    """A run after its model gave NaN for the first ten frames of a condition."""

    def make(run: Results, corruption: str, severity: int) -> Results:
        frame = run.frame.copy()
        rows = np.flatnonzero((frame["corruption"] == corruption) & (frame["severity"] == severity))[:10]
        names = [name for name in frame.columns if name.endswith("_confidence") or name in ("iou_mean", "dice_mean")]
        frame.loc[frame.index[rows], names] = np.nan
        frame.loc[frame.index[rows], [f"{kind}_{label}" for kind in ("tp", "fp", "fn") for label in range(3)]] = 0
        return Results(frame, run.info)

    return make
