"""What a criterion compares: values of subjects, pairs of runs, and records that allow no verdict."""

import numpy as np
import pytest

from robustbench_endo.gate import run_gate
from robustbench_endo.results import Results


def only(report):
    (result,) = report.criteria
    return result


def with_frame(run, change, rows=None):
    frame = run.frame.copy()
    selected = np.ones(len(frame), bool) if rows is None else rows(frame)
    for name, value in change.items():
        frame.loc[selected, name] = value
    return Results(frame, run.info)


def test_value_is_the_mean_over_subjects_or_of_all_frames(run_of, plan_of):
    run = run_of({("new", "smoke", severity): np.linspace(0.5, 0.9, 8) for severity in (1, 3)})
    drop = (run.frame["subject_id"] == "OP00_img") & (run.frame["image_id"].str[-7:-4].astype(int) >= 8)
    run = Results(run.frame[~drop], run.info)  # one frame of the first subject, ten of the others
    values = {
        estimand: only(run_gate(run, plan_of({"metric": "dice", "at_least": 0.5}, estimand=estimand))).value
        for estimand in ("subject", "pooled")
    }
    scores = np.linspace(0.5, 0.9, 8)
    weights = np.array([1, *[10] * 7])
    assert values["subject"] == pytest.approx(100 * scores.mean(), abs=0.1)
    assert values["pooled"] == pytest.approx(100 * np.average(scores, weights=weights), abs=0.1)
    table = run.table(("dice",), intervals=True, estimand="subject").loc[("occlusion", "smoke"), ("dice", "new")]
    result = only(run_gate(run, plan_of({"at_least": 0.5})))
    np.testing.assert_allclose((result.value, result.low, result.high), table.to_numpy())


def test_margin_compares_subjects_of_two_runs(run_of, plan_of):
    levels = np.linspace(0.4, 0.9, 8)
    old = run_of({("new", "smoke", severity): levels for severity in (1, 3)}, name="old")
    new = run_of({("new", "smoke", severity): levels - 0.01 for severity in (1, 3)}, name="new")
    result = only(run_gate(new, plan_of({"non_inferior": 0.03}), old))
    assert (result.kind, result.verdict, result.threshold) == ("non_inferiority", "pass", -3)
    assert result.value == pytest.approx(-1, abs=0.05)
    assert result.low == pytest.approx(-1, abs=0.2)  # the spread of the subjects cancels
    bound = only(run_gate(new, plan_of({"at_least": 0.6})))
    assert bound.verdict == "undecided"


def test_margin_compares_models_of_one_run(run_of, plan_of):
    run = run_of({("new", "smoke", 3): 0.2}, models=("old", "new", "third"))
    plan = plan_of({"non_inferior": 0.1}, baseline_model="old")
    report = run_gate(run, plan)
    assert {each.model: each.verdict for each in report.criteria} == {"new": "fail", "third": "pass"}
    assert report.of_model("third") == "pass"


def test_few_subjects_are_undecided(run_of, plan_of):
    for subjects, verdict in ((1, "undecided"), (5, "undecided"), (6, "pass")):
        run = run_of(subjects=subjects)
        result = only(run_gate(run, plan_of({"at_least": 0.1})))
        assert result.verdict == verdict
        if verdict == "undecided":
            assert f"{subjects} subject" in result.reason
            assert np.isnan(result.low)


def test_a_task_without_labels_is_undecided(run_of, plan_of):
    run = with_frame(run_of(), {"activity_target": -1})
    result = only(run_gate(run, plan_of({"metric": "accuracy", "at_least": 0.1})))
    assert result.verdict == "undecided"
    assert result.reason.startswith("No frame has a value of accuracy")
    assert np.isnan(result.value)
    pooled = run_gate(run, plan_of({"metric": "accuracy", "at_least": 0.1}, estimand="pooled"))
    assert pooled.verdict == "undecided"


def test_invalid_predictions_are_undecided(run_of, plan_of, invalid_frames):
    run = invalid_frames(run_of(), "smoke", 1)
    result = only(run_gate(run, plan_of({"at_least": 0.1})))
    assert result.verdict == "undecided"
    assert result.reason == "new gave no valid prediction for 10 frames (NaN or infinite), which no score includes."
    assert only(run_gate(run, plan_of({"at_least": 0.1, "corruption": "contrast"}))).verdict == "pass"


def test_subjects_that_lose_their_value_are_undecided(run_of, plan_of):
    def smoke(frame):
        return (frame["corruption"] == "smoke") & (frame["subject_id"] == "OP03_img")

    run = with_frame(run_of(), {"hd95": np.nan}, smoke)
    result = only(run_gate(run, plan_of({"metric": "hd95", "at_most": 1000})))
    assert result.verdict == "undecided"
    assert "defined under only some of the conditions for 1 subject" in result.reason
    old = run_of(name="old")
    margin = only(run_gate(run, plan_of({"metric": "hd95", "non_inferior": 5}), old))
    assert margin.verdict == "undecided"


def test_criteria_are_for_their_models(run_of, plan_of):
    run = run_of(models=("a", "b"))
    plan = plan_of({"at_least": 0.5, "models": "a"}, {"at_least": 0.4})
    assert [(each.id, each.model) for each in run_gate(run, plan).criteria] == [("c0", "a"), ("c1", "a"), ("c1", "b")]
    assert run_gate(run, plan, models="b").models == ("b",)
