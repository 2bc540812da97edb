"""Runs verified by their data."""

import dataclasses

import pytest

from robustbench_endo.data import FolderDataset
from robustbench_endo.errors import RunError
from robustbench_endo.evaluation.replay import replay

ALL = 1000


@pytest.fixture
def finished(make_plan, run):
    """A run, and the data and models that it used."""
    plan = make_plan(frames=2, replicates=2)
    return run(plan), plan.dataset, dict(plan.models)


def problems(checks):
    """The checks that fail."""
    return [f"{check.name}: {check.problem}" for check in checks if not check.passed]


def edited(results, column, row, value):
    """The results with another value."""
    frame = results.frame.copy()
    frame.loc[row, column] = value
    return dataclasses.replace(results, frame=frame)


def test_replay_of_a_run_passes(finished):
    results, data, models = finished
    checks = replay(results, data, ALL, models)
    assert problems(checks) == []
    assert checks[-2].name == "28 corrupted images are those of the run"


def test_replay_without_models_checks_images(finished):
    results, data, _ = finished
    assert len(replay(results, data, 3)) == 3
    (problem,) = problems(replay(edited(results, "image_checksum", 30, 5), data, ALL))
    row = results.frame.iloc[30]
    assert f"{row['image_id']} under {row['corruption']}" in problem
    assert "are not those of the run." in problem


@pytest.mark.parametrize("column", ["tp_0", "dice_mean", "activity_prediction"])
def test_replay_finds_changed_predictions(finished, column):
    results, data, models = finished
    changed = edited(results, column, 17, results.frame.loc[17, column] + 1)
    (problem,) = problems(replay(changed, data, ALL, models))
    assert f"{column} of {results.frame.loc[17, 'model']} for" in problem


def test_replay_refuses_other_data_and_models(finished, make_folder):
    results, data, models = finished
    swapped = {"low": models["high"], "high": models["low"]}
    (problem,) = problems(replay(results, data, 1, swapped))
    assert problem == "the models are those of the run: low has other weights than the model of the run."
    with pytest.raises(RunError, match=r"Expected models of the run \(low, high\), got medium"):
        replay(results, data, 1, {"medium": models["low"]})
    with pytest.raises(RunError, match="Expected at least 1 frame to compute again, got 0"):
        replay(results, data, 0)
    (problem,) = problems(replay(results, FolderDataset(make_folder(frames=3)), 1))
    assert "the data are those of the run: " in problem


def test_replay_refuses_another_suite(finished):
    results, data, _ = finished
    info = {**results.info, "suite": {**results.info["suite"], "hash": "0" * 64}}
    (problem,) = problems(replay(dataclasses.replace(results, info=info), data, 1))
    assert "has other parameters now" in problem


def test_replay_writes_nothing(finished):
    results, data, models = finished
    before = {path: path.stat().st_mtime_ns for path in results.path.rglob("*")}
    replay(results, data, 4, models)
    assert {path: path.stat().st_mtime_ns for path in results.path.rglob("*")} == before
