"""Prediction sets of a batch against sets that are written out."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from robustbench_endo.confidence.calibration import Calibration, TaskCalibration
from robustbench_endo.confidence.prediction_sets import set_scores, true_probabilities
from robustbench_endo.tasks.registry import get_task
from robustbench_endo.tasks.surround import Surround

SEGMENTATION, ACTIVITY = get_task("segmentation"), get_task("activity")
NAMES = ("segmentation_set_fnr", "segmentation_set_size", "activity_set_covered", "activity_set_size")


def calibration(threshold):
    numbers = dict.fromkeys(("nll_before", "nll_after", "ece_before", "ece_after", "risk", "bound", "set_size"), 0.0)
    entry = TaskCalibration(labels=(), temperature=1.0, threshold=threshold, units=9, **numbers)
    return Calibration(0.1, "subject", {"segmentation": entry, "activity": entry}, {}, {}, {})


def logits_of(probability):
    return torch.tensor(probability).log()


def predict(task, logits, size=(2, 2)):
    return replace(task.decode(logits, size), logits=logits)


@pytest.fixture
def scores():
    """Scores of two frames with three classes and two activities at a threshold."""

    def compute(threshold, masks=None, labels=(0, 1), surround=None, broken=False):
        maps = np.array([[[0.7, 0.1], [0.2, 0.5]], [[0.2, 0.8], [0.3, 0.4]], [[0.1, 0.1], [0.5, 0.1]]], np.float32)
        maps = logits_of(np.stack((maps, maps)))
        if broken:
            maps[0] = torch.nan
        activity = logits_of(np.array([[0.9, 0.1], [0.6, 0.4]], np.float32))
        predictions = {"segmentation": predict(SEGMENTATION, maps), "activity": predict(ACTIVITY, activity)}
        if masks is None:
            masks = [[[0, 1], [1, 2]], [[0, 0], [255, 0]]]
        targets = {"segmentation": torch.tensor(masks, dtype=torch.uint8), "activity": torch.tensor(labels)}
        columns = set_scores([ACTIVITY, SEGMENTATION], predictions, targets, calibration(threshold), surround)
        return {name: columns[name].tolist() for name in NAMES}

    return compute


def test_sets_of_pixels_and_frames_by_hand(scores):
    columns = scores(0.25)
    # Pixels of class 1, 1, 2 have 0.8, 0.3 and 0.1; the second frame has no foreground.
    assert columns["segmentation_set_fnr"][0] == pytest.approx(1 / 3)
    assert np.isnan(columns["segmentation_set_fnr"][1])
    assert columns["segmentation_set_size"] == pytest.approx([(1 + 1 + 2 + 2) / 4, (1 + 1 + 2) / 3])
    assert columns["activity_set_covered"] == [1, 1]
    assert columns["activity_set_size"] == [1, 2]


def test_threshold_of_zero_holds_every_label(scores):
    columns = scores(0.0)
    assert columns["segmentation_set_fnr"][0] == 0
    assert columns["segmentation_set_size"] == [3, 3]
    assert columns["activity_set_size"] == [2, 2]


def test_label_that_the_model_lacks_is_never_covered(scores):
    columns = scores(0.0, masks=[[[5, 0], [0, 0]], [[1, 0], [0, 0]]], labels=(4, -1))
    assert columns["segmentation_set_fnr"] == [1, 0]
    assert columns["activity_set_covered"][0] == 0
    assert np.isnan(columns["activity_set_covered"][1])  # without a label


def test_frame_without_a_valid_prediction_is_a_loss(scores):
    columns = scores(0.0, masks=[[[1, 1], [0, 0]], [[1, 0], [0, 0]]], broken=True)
    assert columns["segmentation_set_fnr"] == [1, 0]
    assert np.isnan(columns["segmentation_set_size"][0])


def test_surround_that_is_not_scored_has_no_sets(scores):
    outside = torch.zeros(2, 2, 2, dtype=torch.bool)
    outside[0, 1] = True
    columns = scores(0.25, surround=Surround(outside, scored=False))
    assert columns["segmentation_set_fnr"][0] == 0
    assert repr(scores(0.25, surround=Surround(outside, scored=True))) == repr(scores(0.25))


def test_model_without_calibration_or_task_has_undefined_columns():
    targets = {"segmentation": torch.zeros(2, 4, 4, dtype=torch.uint8), "activity": torch.zeros(2, dtype=torch.int64)}
    for entry in (None, calibration(0.5)):
        columns = set_scores([ACTIVITY, SEGMENTATION], {}, targets, entry, None)
        assert all(columns[name].isnan().all() for name in NAMES)


def test_probabilities_are_those_of_interpolated_logits():
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(1, 3, 4, 5, generator=generator)
    target = torch.randint(0, 3, (1, 8, 10), generator=generator).byte()
    ((probability, true),) = true_probabilities(logits, target)
    expected = torch.nn.functional.interpolate(logits, (8, 10), mode="bilinear").softmax(1)[0]
    assert torch.equal(probability, expected)
    assert torch.equal(true, expected.gather(0, target.long())[0])
