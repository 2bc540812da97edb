"""The mean over the worst frames, and the largest drops of a run."""

import numpy as np
import pytest

from robustbench_endo.results import Results
from robustbench_endo.results.tail_risk import largest_drops, tail_mean, worst_frames_mean


@pytest.mark.parametrize("higher", [True, False])
def test_tail_mean_equals_mean_of_sorted_values(higher):
    random = np.random.default_rng(0)
    values = random.normal(size=100)
    values[::7] = np.nan
    ordered = np.sort(values[~np.isnan(values)])
    ordered = ordered if higher else ordered[::-1]
    size = 0.05 * len(ordered)
    expected = (ordered[:4].sum() + (size - 4) * ordered[4]) / size
    assert tail_mean(values, np.arange(100), np.ones((100, 1)), 0.05, higher)[0] == pytest.approx(expected)


def test_tail_mean_of_resample_equals_repeated_frames():
    random = np.random.default_rng(1)
    values, units = random.normal(size=120), np.arange(120) % 40
    weights = random.multinomial(40, np.full(40, 1 / 40), size=6).T.astype(float)
    means = tail_mean(values, units, weights, 0.05, True)
    for draw in range(6):
        repeated = np.repeat(values, weights[units, draw].astype(int))
        expected = tail_mean(repeated, np.zeros(len(repeated), int), np.ones((1, 1)), 0.05, True)
        assert means[draw] == pytest.approx(expected[0])


def test_tail_mean_without_values_is_nan():
    assert np.isnan(tail_mean(np.full(3, np.nan), np.arange(3), np.ones((3, 1)), 0.05, True)).all()


def test_worst_frames_mean_needs_values_per_frame(results):
    estimator = results.estimator()
    assert worst_frames_mean(estimator, results.metric("accuracy")) is None
    worst = worst_frames_mean(estimator, results.metric("hd95"))
    values = results.frame.query("model == 'a' and corruption == 'clean'")["hd95"].sort_values(ascending=False)
    expected = (values.iloc[0] + 0.2 * values.iloc[1]) / 1.2  # 5 % of 24 frames are 1.2 frames
    assert worst.point.clean[0, 0] == pytest.approx(expected)


def test_largest_drops_are_below_the_clean_score(results):
    drops = largest_drops(results, 5)
    assert len(drops) == 5
    assert drops["drop"].is_monotonic_increasing
    np.testing.assert_allclose(drops["score"] - drops["clean_score"], drops["drop"])
    corrupted = results.frame.query("corruption != 'clean'").set_index(["model", "image_id"])["iou_mean"]
    clean = results.frame.query("corruption == 'clean'").set_index(["model", "image_id"])["iou_mean"]
    assert drops["drop"].iloc[0] == (corrupted - clean).min()
    assert not drops.duplicated(["model", "corruption", "image_id"]).any()


def test_largest_drops_without_segmentation_is_empty(results):
    activity = {**results.info, "tasks": {"activity": list("pqr")}}
    assert largest_drops(Results(results.frame, activity)).empty


def test_tail_mean_continues_until_every_resample_is_full():
    # The tail of the first resample is full after 25 frames, that of the second has 500 frames more.
    values = np.concatenate((np.linspace(0, 1, 500), np.linspace(2, 3, 500)))
    units = np.repeat([0, 1], 500).astype(np.intp)
    weights = np.array([[1.0, 1.0], [0.0, 20.0]])
    means = tail_mean(values, units, weights, 0.05, higher_is_better=True)
    assert means[0] == pytest.approx(values[:25].mean())
    repeated = np.concatenate((values[:500], np.repeat(values[500:], 20)))
    assert means[1] == pytest.approx(repeated[:525].mean())
