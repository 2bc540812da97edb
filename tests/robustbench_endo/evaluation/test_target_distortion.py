"""Tests of runs at a target distortion."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from robustbench_endo.corruptions import load_suite, select
from robustbench_endo.errors import RobustEndoError, RunError
from robustbench_endo.evaluation.plan import EvaluationPlan
from robustbench_endo.evaluation.replay import replay
from robustbench_endo.evaluation.target_distortion import (
    MAX_STEPS,
    TOLERANCE,
    OutOfRangeError,
    fix_severity,
    solve_severity,
)

MakePlan = Callable[..., EvaluationPlan]
Run = Callable[..., Any]
ALL = (1, 2, 3, 4, 5)


def test_solve_severity_meets_the_target_in_few_steps() -> None:
    calls: list[float] = []

    def measure(severity: float) -> float:
        calls.append(severity)
        return severity**2 / 50

    severity, distortion = solve_severity(measure, 0.2)
    assert abs(distortion - 0.2) <= TOLERANCE
    assert abs(severity - 10**0.5) < 0.05
    assert len(calls) <= MAX_STEPS + 2


def test_solve_severity_names_the_range_of_a_target_outside() -> None:
    with pytest.raises(OutOfRangeError, match="^0.100 to 0.500$"):
        solve_severity(lambda severity: severity / 10, 0.6)
    assert solve_severity(lambda severity: severity / 10, 0.504) == (5.0, 0.5)


def test_fix_severity_fixes_the_parts_of_a_compound() -> None:
    compound = select("endo19", ["gaussian_blur+contrast"]).suite.get("gaussian_blur+contrast")
    fixed: Any = fix_severity(compound, 2.5)
    suite = load_suite("endo19")
    assert {part.name: part.severities[0] for part in fixed.parts} == {
        name: suite.get(name).parameters(2.5) for name in ("gaussian_blur", "contrast")
    }


def test_run_has_the_target_distortion_in_its_records(make_plan: MakePlan, run: Run) -> None:
    options: dict[str, Any] = {"severities": ALL, "target_distortion": 0.3, "frames": 2}
    results = run(make_plan(**options))
    stored = results.info["target_distortion"]
    assert stored["target"] == 0.3
    measured = 1 - results.frame.groupby("corruption", observed=True)["image_ssim"].mean()
    for entry in stored["corruptions"]:
        assert abs(entry["distortion"] - 0.3) <= TOLERANCE
        assert measured[entry["name"]] == pytest.approx(entry["distortion"], abs=1e-6)
    assert results.severities == [1]
    assert all(check.passed for check in replay(results, make_plan(**options).dataset, 3, seed=0))
    # The same pixels as a run at that severity.
    (name, severity) = (stored["corruptions"][0][key] for key in ("name", "severity"))
    plain = run(make_plan(severities=(severity,), corruptions=(name,), frames=2, out=results.path / "plain"))
    first, second = (r.frame[r.frame["corruption"] == name]["image_checksum"].tolist() for r in (results, plain))
    assert first == second
    with pytest.raises(RunError, match=r"target_distortion changed from 0.3 to 0.35"):
        run(make_plan(**{**options, "target_distortion": 0.35}))


def test_target_that_a_corruption_does_not_reach_names_its_range(make_plan: MakePlan, run: Run) -> None:
    plan = make_plan(target_distortion=0.99, corruptions=("contrast",), severities=ALL, frames=1)
    with pytest.raises(RobustEndoError, match=r"got 0.99: contrast has 0\.\d{3} to 0\.\d{3}; change the target"):
        run(plan)
    assert not (plan.config.out / "run.json").exists()
