"""The declarations of metrics of prediction sets."""

from robustbench_endo.metrics.prediction_sets import set_columns, set_metrics
from robustbench_endo.results.metrics import run_metrics
from robustbench_endo.tasks.registry import TASKS, get_task

INFO = {"tasks": {"segmentation": ["background", "tool"], "activity": ["cut", "grasp"]}}


def test_names_of_metrics_are_their_columns():
    for task in TASKS:
        assert set_columns(task) == tuple(metric.column for metric in set_metrics([task]))
    assert set_columns(get_task("segmentation")) == ("segmentation_set_fnr", "segmentation_set_size")
    assert set_columns(get_task("activity")) == ("activity_set_covered", "activity_set_size")


def test_directions_and_units_of_losses_and_coverage():
    loss, size = set_metrics([get_task("segmentation")])
    covered, _ = set_metrics([get_task("activity")])
    assert (loss.higher_is_better, covered.higher_is_better, size.higher_is_better) == (False, True, None)
    assert loss.upper_bound == covered.upper_bound == 100
    assert "activity is in the prediction set" in covered.description


def test_only_runs_with_calibrations_have_them():
    names = {metric.name for metric in run_metrics(INFO)}
    assert not [name for name in names if "_set_" in name]
    names = {metric.name for metric in run_metrics({**INFO, "calibrations": {"m": {}}})}
    assert len([name for name in names if "_set_" in name]) == 4
