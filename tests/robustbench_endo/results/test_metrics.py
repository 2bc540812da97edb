"""The metrics of a run and the groups that share their statistics."""

import pickle

import pytest

from robustbench_endo.errors import RobustEndoError
from robustbench_endo.results import compare
from robustbench_endo.results.metrics import find_metric, known_metrics, metric_groups, run_metrics


def test_known_metrics_describe_themselves():
    for metric in known_metrics().values():
        assert metric.description.endswith(".")
        assert (metric.scale == 100) == metric.unit.startswith("%")


def test_run_metrics_follow_tasks_and_protocol(results):
    names = [metric.name for metric in run_metrics(results.info)]
    assert len(names) == len(set(names))
    assert {"accuracy", "miou", "image_ssim"} <= set(names)
    assert [metric.name for metric in run_metrics({"tasks": {"activity": ["p"]}})][:2] == [
        "accuracy",
        "balanced_accuracy",
    ]
    extra = {metric.name for metric in run_metrics({**results.info, "protocol": "endoarss"})} - set(names)
    assert extra
    assert all(name.startswith("endoarss_") for name in extra)


def test_metric_groups_share_statistics(results):
    groups = metric_groups(results.metrics, {"segmentation": 3, "activity": 3})
    names = {group.names for group in groups}
    group = next(group for group in groups if "miou" in group.names)
    assert {"miou", "dice", "dice_foreground", "dice_worst_class", "dice[x]", "iou[z]"} <= set(group.names)
    assert ("accuracy", "balanced_accuracy", "macro_f1") in names
    sums = group.statistics(results.frame).sum(0)
    assert set(group.scores(sums)) == set(group.names)
    assert set(group.scores(sums, ["dice", "dice[x]"])) == {"dice", "dice[x]"}


def test_metric_names_takes_a_single_name(results):
    for table in (results.table, results.robustness, results.method_table):
        assert table("hd95").equals(table(["hd95"]))
    assert list(compare(results, "miou").differences["metric"].unique()) == ["miou"]


def test_results_can_be_pickled(results):
    results.estimator()  # kept by the results
    assert pickle.loads(pickle.dumps(results)).scores().equals(results.scores())


def test_find_metric_lists_the_metrics_of_the_run(results):
    assert find_metric(results.metrics, "hd95").unit == "px"
    with pytest.raises(RobustEndoError, match="a metric of the run, got 'mIoU': choose from accuracy"):
        find_metric(results.metrics, "mIoU")


def test_find_metric_of_an_unknown_class_lists_the_classes(results):
    assert find_metric(results.metrics, "dice[x]").label == "Dice of x"
    with pytest.raises(RobustEndoError) as error:
        find_metric(results.metrics, "dice[tip]")
    assert str(error.value) == "Expected a class of the run (x, y, z), got 'tip' in dice[tip]: choose one of them."
    with pytest.raises(RobustEndoError, match=r"got 'nsd\[x\]': choose from .*dice\[CLASS\], iou\[CLASS\]"):
        find_metric(results.metrics, "nsd[x]")


def test_run_metrics_leave_out_metrics_that_need_their_class(results):
    declarations = [{"name": "tip_error"}, {"name": "own", "needs_class": True}]
    names = {metric.name for metric in run_metrics({**results.info, "metrics": declarations})}
    assert names & {"tip_error", "own"} == {"tip_error"}
