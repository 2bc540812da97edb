"""Tests of the search of failure points."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pandas as pd
import pytest

from robustbench_endo.errors import RobustEndoError
from robustbench_endo.evaluation import failure_points
from robustbench_endo.evaluation.config import EvaluationConfig
from robustbench_endo.evaluation.loop import evaluate_condition
from robustbench_endo.evaluation.plan import EvaluationPlan
from robustbench_endo.results import load_results
from robustbench_endo.results.failure_points import FailureThreshold, failure_point_problem
from robustbench_endo.results.integrity import FAILURE_POINTS_CSV, FAILURE_POINTS_FILE

MakePlan = Callable[..., EvaluationPlan]
Run = Callable[..., Any]


def test_evaluate_finds_where_each_frame_fails_first(make_plan: MakePlan, run: Run) -> None:
    options: dict[str, Any] = {"failure_point": "miou=0.5", "frames": 1}
    results = run(make_plan(**options))
    points = results.failure_points
    assert len(points) == len(results.models) * 2 * 2
    assert (points["severity"].isna() == (points["censored"] != "")).all()
    inside = points[points["censored"] == ""]
    assert len(inside) > 0
    assert ((inside["high"] - inside["low"]) / 2 <= 0.1).all()
    assert ((inside["low"] + inside["high"]) / 2 - inside["severity"]).abs().max() < 1e-3
    # The bracket holds at its ends when they are evaluated as severities of a run of their own.
    row = inside.iloc[0]
    again = run(make_plan(**{**options, "failure_point": None}, severities=(row.low, row.high), out=results.path / "b"))
    metric, threshold = again.metric("miou"), FailureThreshold("miou", 0.5)
    frame = again.frame[(again.frame["model"] == row.model) & (again.frame["image_id"] == row.image_id)]
    frame = frame[frame["corruption"] == row.corruption].sort_values("severity")
    assert threshold.passes(metric, frame).tolist() == [True, False]
    # The same folder without the option keeps the table; it is loaded with the run and has a checksum.
    loaded = load_results(results.path)
    pd.testing.assert_frame_equal(loaded.failure_points, points)
    assert {FAILURE_POINTS_FILE, FAILURE_POINTS_CSV} <= set(loaded.info["files"])
    assert failure_point_problem(loaded) == ""
    wrong = replace(loaded, failure_points=points.assign(censored=">5"))
    assert "contradicts" in failure_point_problem(wrong)


def test_search_continues_after_the_last_finished_chunk(
    make_plan: MakePlan, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = {"corruptions": ("gaussian_noise",), "failure_point": "miou=0.5", "chunks": [[0], [1], [2]]}
    plan = make_plan(**options)
    evaluated: list[str] = []

    def evaluate(*arguments: Any) -> Any:
        image_id = arguments[4].ids[0]
        if image_id not in evaluated:
            evaluated.append(image_id)
        if len(evaluated) == limit:
            raise KeyboardInterrupt
        return evaluate_condition(*arguments)

    monkeypatch.setattr(failure_points, "evaluate_condition", evaluate)
    limit = 3
    with pytest.raises(KeyboardInterrupt):
        run(plan)
    stored = sorted(path.name for path in (plan.config.out / "records").glob("failure-points-*"))
    assert stored == ["failure-points-00000.parquet", "failure-points-00001.parquet"]
    before = evaluated[:2]
    evaluated.clear()
    limit = 4
    results = run(make_plan(**options))
    assert set(evaluated).isdisjoint(before)
    assert len(results.failure_points) == 3 * len(results.models)
    assert not list((results.path / "records").glob("failure-points-*"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("mio=0.5", "Expected a metric of the run"),
        ("miou=50", "between 0 and 1"),
        ("ece=0.5", "single frame|metric of"),
    ],
)
def test_failure_point_is_checked_before_anything_is_computed(
    make_plan: MakePlan, run: Run, text: str, message: str
) -> None:
    plan = make_plan(failure_point=text)
    with pytest.raises(RobustEndoError, match=message):
        run(plan)
    assert not (plan.config.out / "run.json").exists()


def test_failure_point_of_a_shard_is_refused() -> None:
    with pytest.raises(RobustEndoError, match="failure point of a whole run"):
        EvaluationConfig(failure_point="miou=0.5", shard="1/2")
