"""Metrics of the visible and the hidden part: known answers to the bit, and what their sums mean."""

import numpy as np
import pandas as pd
import pytest
import torch

from robustbench_endo.evaluation.host_copy import HostColumns
from robustbench_endo.tasks.registry import get_task
from robustbench_endo.tasks.segmentation.decode import decode
from robustbench_endo.tasks.segmentation.floors import background_everywhere

TASK = get_task("segmentation")
METRICS = {metric.name: metric for metric in TASK.visibility_metrics()}
OVERLAP = ("dice_visible", "miou_visible", "nsd_visible", "dice_hidden", "miou_hidden", "nsd_hidden")


@pytest.fixture
def scene():
    """Two frames with two classes, both on either side of the cover."""
    masks = torch.zeros(2, 32, 40, dtype=torch.uint8)
    masks[:, 4:12, 4:36], masks[:, 18:26, 8:30] = 1, 2
    hidden = (torch.arange(40) >= 20).expand(2, 32, 40)
    return masks, hidden


def records_of(labels, masks, hidden):
    logits = 20 * torch.nn.functional.one_hot(labels.long(), 3).movedim(3, 1).float()
    frame_metrics = [metric for metric in TASK.metrics() if metric.record_columns]
    prediction = decode(logits, tuple(masks.shape[1:]))
    (columns,) = HostColumns([TASK.score(prediction, masks, masks, 3, frame_metrics, hidden=hidden)]).wait()
    return pd.DataFrame(columns)


def scores_of(records):
    return {name: float(metric.formula(metric.statistics(records, 3).sum(0))) for name, metric in METRICS.items()}


def test_scores_of_an_amodal_oracle_are_one_in_both_parts(scene):
    scores = scores_of(records_of(scene[0], *scene))
    assert [scores[name] for name in OVERLAP] == [1.0] * 6
    assert (scores["hallucination"], scores["guess_precision"], scores["hidden_share"]) == (0.0, 1.0, 0.5)


def test_scores_of_a_visible_only_oracle_are_one_and_zero(scene):
    masks, hidden = scene
    scores = scores_of(records_of(masks.masked_fill(hidden, 0), masks, hidden))
    assert [scores[name] for name in OVERLAP] == [1.0] * 3 + [0.0] * 3
    assert scores["hallucination"] == 0
    assert np.isnan(scores["guess_precision"])  # it guesses nothing


def test_scores_of_background_everywhere_are_zero_in_both_parts(scene):
    masks, hidden = scene
    scores = scores_of(records_of(torch.zeros_like(masks), masks, hidden))
    assert [scores[name] for name in OVERLAP] == [0.0] * 6
    assert scores["hallucination"] == 0


def test_hallucination_separates_wrong_from_right_guesses(scene):
    masks, hidden = scene
    everywhere = torch.where(hidden, torch.ones_like(masks), masks)  # class 1 in all hidden pixels
    scores, right = scores_of(records_of(everywhere, masks, hidden)), (masks == 1)[hidden].float().mean().item()
    assert scores["hallucination"] == pytest.approx(1 - right)
    assert scores["guess_precision"] == pytest.approx(right)
    assert scores["dice_visible"] == 1


def test_hidden_pixels_without_foreground_have_no_dice_unless_some_is_predicted(scene):
    masks, hidden = scene
    masks = masks.masked_fill(hidden, 0)
    assert np.isnan(scores_of(records_of(masks, masks, hidden))["dice_hidden"])
    guessed = scores_of(records_of(torch.where(hidden, 1, masks).byte(), masks, hidden))
    assert (guessed["dice_hidden"], guessed["hallucination"], guessed["guess_precision"]) == (0, 1, 0)


def test_scores_are_undefined_where_nothing_covers_the_scene(scene):
    scores = scores_of(records_of(scene[0], scene[0], None))
    assert all(np.isnan(value) for value in scores.values())
    lacking = records_of(scene[0], scene[0], None).drop(columns=["hidden_share", "visible_nsd"])
    assert np.isnan(scores_of(lacking.filter(regex="^(?!hidden_|visible_)"))["dice_hidden"])


def test_dice_is_a_formula_of_sums_over_frames(scene):
    masks, hidden = scene
    records = records_of(masks.roll(3, 1), masks, hidden & (torch.arange(2) == 0).view(2, 1, 1))
    dice = METRICS["dice_hidden"]
    sums = dice.statistics(records, 3)
    assert not sums[1].any()  # nothing is hidden in the second frame, which changes nothing
    assert dice.formula(sums.sum(0)) == dice.formula(sums[0])


def test_metrics_of_the_parts_have_sums_of_their_own():
    keys = [metric.statistics_key for metric in METRICS.values()]
    assert len(set(keys)) == 2 + 3
    assert METRICS["dice_hidden"].statistics_key == METRICS["hallucination"].statistics_key


def test_floor_has_the_counts_of_background_everywhere(scene):
    masks, hidden = scene
    floor = pd.DataFrame(background_everywhere(records_of(masks, masks, hidden), 3))
    real = records_of(torch.zeros_like(masks), masks, hidden)
    for name in floor.columns[floor.columns.str.match("(visible|hidden)_")]:
        np.testing.assert_array_equal(floor[name], real[name], err_msg=name)
    assert scores_of(floor)["dice_hidden"] == 0
