"""The plan of a run: frames, chunks, tasks and metrics."""

import pytest
import torch

from robustbench_endo.corruptions import load_suite
from robustbench_endo.errors import DataError, ModelError, RobustEndoError
from robustbench_endo.evaluation.config import EvaluationConfig
from robustbench_endo.evaluation.plan import move_models, select_corruptions, select_indices, split_chunks
from robustbench_endo.metrics.base import Metric


@pytest.mark.parametrize(("count", "sizes"), [(1, [1]), (4, [1] * 4), (20, [2] * 10), (70, [4] * 17 + [2])])
def test_split_chunks_are_small_for_small_runs(count, sizes):
    assert [len(part) for part in split_chunks(range(count), torch.device("cpu"))] == sizes


@pytest.mark.parametrize(
    ("count", "limit", "expected"), [(10, 4, [0, 2, 5, 7]), (3, 9, [0, 1, 2]), (3, None, [0, 1, 2])]
)
def test_select_indices_spreads_a_limit_over_the_data(count, limit, expected):
    assert select_indices(count, limit) == expected


@pytest.mark.parametrize(("count", "limit"), [(0, None), (5, 0)])
def test_select_indices_without_frames_raises(count, limit):
    with pytest.raises(DataError, match="Expected at least one frame to evaluate"):
        select_indices(count, limit)


def test_build_plan_resolves_tasks_labels_and_conditions(make_plan):
    plan = make_plan(frames=2)
    assert [task.name for task in plan.tasks] == ["activity", "segmentation"]
    assert len(plan.labels["activity"]) == 2
    assert len(plan.conditions) == 1 + 2 * 2
    assert plan.indices == [0, 1, 2, 3]
    assert plan.steps(0) == 5
    assert plan.max_pixels is not None
    assert {"iou_mean", "activity_prediction", "image_ssim"} <= set(plan.schema.names)


def test_build_plan_without_models_raises(make_plan):
    with pytest.raises(ModelError, match="Expected at least one model, got none: name one with --model"):
        make_plan(models={})


def test_select_corruptions_applies_resolution_and_suite():
    selected = select_corruptions(EvaluationConfig(corruptions="blur", resolution=128))
    assert selected.suite.resolution == 128
    assert set(selected.names) == {"defocus_blur", "gaussian_blur", "glass_blur", "motion_blur", "zoom_blur"}
    suite = load_suite("endoarss")
    assert select_corruptions(EvaluationConfig(corruptions="smoke"), suite).suite.name == "endoarss"
    assert tuple(select_corruptions(EvaluationConfig(corruptions="clean")).names) == ()


class Copy(Metric):
    """A metric with the name of a column of the run."""

    name, label, unit, higher_is_better, description = "dice_mean", "Copy", "%", True, "A copy."

    def score(self, batch):
        return torch.zeros(len(batch.target))


def test_plan_rejects_a_metric_with_a_name_of_the_run(make_plan):
    with pytest.raises(RobustEndoError, match="Expected a new name for a metric and its columns, got dice_mean"):
        _ = make_plan(frames=1, metrics=[Copy]).frame_metrics


def test_move_models_sets_eval_mode():
    model = torch.nn.Dropout().train()
    moved = move_models({"m": model}, torch.device("cpu"), compiled=False)
    assert moved["m"] is model
    assert not model.training


def test_plan_resolves_the_tolerances_of_the_classes(make_plan):
    assert make_plan(frames=1).metric_settings == {}
    plan = make_plan(frames=1, nsd_tolerance=("3px",))
    classes = plan.labels["segmentation"]
    assert plan.metric_settings == {"nsd_tolerance": dict.fromkeys(classes, "3 px"), "spacing": None}
    nsd = next(metric for metric in plan.frame_metrics["segmentation"] if metric.name == "nsd")
    assert nsd.label == "Surface Dice within 3 px"
    with pytest.raises(RobustEndoError, match="Expected a class of the data .* in --nsd-tolerance, got 'hook'"):
        make_plan(frames=1, nsd_tolerance=("hook=3px",)).schema  # noqa: B018


def test_build_plan_notes_layers_that_run_in_contiguous_layout(make_plan):
    layers = torch.nn.Sequential(torch.nn.Conv2d(3, 8, 1), torch.nn.Conv2d(8, 3, 1, 2))
    plan = make_plan(models={"mine": layers})
    assert plan.notes[-1].startswith("Model mine: its strided 1 x 1 convolutions from 8 channels run in contiguous")
    assert make_plan().notes == ()
