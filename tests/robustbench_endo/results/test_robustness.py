"""Each summary metric, compared with its definition written out by hand."""

import numpy as np
import pytest

from robustbench_endo.errors import RobustEndoError, UnknownNameError
from robustbench_endo.results import AGGREGATES, Resampling
from robustbench_endo.results.estimates import ScoreArray
from robustbench_endo.results.robustness import (
    area_by_distortion,
    area_by_severity,
    as_errors,
    mean_corruption_error,
    mean_height,
    relative_mean_corruption_error,
)
from robustbench_endo.tasks.segmentation.metrics import HausdorffDistance, MeanIoU

SCORES = ScoreArray(
    np.array([[90.0, 80.0]]),
    np.array([[[[80.0, 60.0], [70.0, 30.0]], [[70.0, 60.0], [60.0, 50.0]]]]),
)
"""One run, two models, two corruptions, two severities."""


def test_score_array_means():
    np.testing.assert_allclose(SCORES.mean_over_severities(), [[[70, 50], [65, 55]]])
    np.testing.assert_allclose(SCORES.mean_over_corruptions(), [[60, 60]])


def test_mean_corruption_error_by_hand():
    errors = as_errors(SCORES, MeanIoU())
    # errors 20 + 40 and 30 + 70 against 30 + 40 and 40 + 50
    expected = 100 * (60 / 70 + 100 / 90) / 2
    np.testing.assert_allclose(mean_corruption_error(errors, 1), [[expected, 100]])
    # above the clean error of 10 and of 20: 40 and 80 against 30 and 50
    expected = 100 * (40 / 30 + 80 / 50) / 2
    np.testing.assert_allclose(relative_mean_corruption_error(errors, 1), [[expected, 100]])


def test_as_errors_returns_distance_unchanged():
    assert as_errors(SCORES, HausdorffDistance()) is SCORES


def test_mean_corruption_error_excludes_perfect_baseline():
    perfect = ScoreArray(SCORES.clean, SCORES.corrupted.copy())
    perfect.corrupted[0, 1, 0] = 100
    mce = mean_corruption_error(as_errors(perfect, MeanIoU()), 1)
    np.testing.assert_allclose(mce, [[100 * 100 / 90, 100]])


def test_area_by_severity_by_hand():
    # severities 0, 1, 3: trapezoids of width 1 and 2, over 3
    expected = [np.mean([(85 + 2 * 70) / 3, (80 + 2 * 50) / 3]), np.mean([(75 + 2 * 65) / 3, (70 + 2 * 55) / 3])]
    np.testing.assert_allclose(area_by_severity(SCORES, (1, 3)), [expected])


def test_area_by_distortion_sorts_by_distortion():
    ssim = ScoreArray(np.full((1, 2), 100.0), np.array([[[[60.0, 80.0], [90.0, 50.0]]] * 2]))
    first = (0.2 * (90 + 60) / 2 + 0.2 * (60 + 80) / 2) / 0.4
    second = (0.1 * (90 + 70) / 2 + 0.4 * (70 + 30) / 2) / 0.5
    np.testing.assert_allclose(area_by_distortion(SCORES, ssim)[0, 0], (first + second) / 2)


def test_mean_height_of_flat_curve_and_of_gap():
    x = np.array([0.0, 0.3, 1.0])
    assert mean_height(x, np.full(3, 42.0)) == pytest.approx(42)
    assert np.isnan(mean_height(x, np.array([1, np.nan, 1])))
    assert np.isnan(mean_height(np.zeros(3), np.ones(3)))


def test_robustness_table_by_hand(results):
    table = results.robustness(("miou", "miou_per_image", "hd95", "accuracy", "image_ssim"), baseline="b")
    scores = results.scores().set_index(["model", "corruption", "severity"])["miou"]["a"]
    clean = scores["clean", 0]
    mean = scores[["smoke", "contrast"]].groupby("corruption").mean().mean()
    assert table.loc[("miou", "clean"), "a"] == clean
    assert table.loc[("miou", "mean"), "a"] == pytest.approx(mean)
    assert table.loc[("miou", "ratio_to_clean"), "a"] == pytest.approx(100 * mean / clean)
    assert table.loc[("miou", "relative"), "a"] < table.loc[("miou", "ratio_to_clean"), "a"]
    assert table.loc[("miou", "drop"), "a"] == pytest.approx(clean - mean)
    assert table.loc[("hd95", "drop"), "a"] > 0
    assert table.loc[("miou", "mean_occlusion"), "a"] == pytest.approx(scores["smoke"].mean())
    assert table.loc[("miou", "mce"), "b"] == 100
    assert table.loc[("miou_per_image", "worst_frames"), "a"] < table.loc[("miou_per_image", "mean"), "a"]
    assert table.loc[("miou_per_image", "worst_frames"), "a"] == table.loc[("miou", "worst_frames"), "a"]
    assert table.loc[("hd95", "worst_frames"), "a"] > table.loc[("hd95", "mean"), "a"]
    assert ("accuracy", "worst_frames") not in table.index
    assert not {"drop", "mce", "worst_frames"} & set(table.loc["image_ssim"].index)
    by_subject = results.table(("miou",), estimand="subject")["miou", "a"]
    assert table.loc[("miou", "subject_mean"), "a"] == pytest.approx(by_subject["mean", "all"])
    assert table.loc[("miou", "subject_clean"), "a"] == pytest.approx(by_subject["clean", "clean"])
    named = {name for name in table.index.get_level_values("aggregate") if not name.startswith("mean_")}
    assert named == set(AGGREGATES)
    assert "mce" not in results.robustness(("miou",)).loc["miou"].index


def test_robustness_table_with_intervals(results):
    table = results.robustness(("miou", "hd95"), "b", Resampling(resamples=400, unit="frame"))
    assert table.attrs["intervals"].startswith("95 % intervals from 24 frames")
    value, low, high = (table["a", part] for part in ("value", "low", "high"))
    assert table.index[value.isna()].tolist() == [("hd95", "relative")]  # clean is not above the floor
    with_ends = value.notna() & ~value.index.get_level_values("aggregate").str.startswith("subject_")
    assert (low <= value)[with_ends].all()
    assert (high >= value)[with_ends].all()
    assert low[~with_ends].isna().all()  # frames as units say nothing about subjects
    by_subject = results.robustness(("miou",), "b", True)["a"].loc[("miou", "subject_mean")]
    assert by_subject["low"] < by_subject["value"] < by_subject["high"]
    assert table["b", "low"]["miou", "mce"] == table["b", "high"]["miou", "mce"] == 100
    point = results.robustness(("miou", "hd95"), "b")
    np.testing.assert_allclose(value, point["a"])


def test_robustness_rejects_bad_input(results):
    with pytest.raises(UnknownNameError, match="a model of the run as the baseline, got 'resnet': choose from a, b"):
        results.robustness(baseline="resnet")
    with pytest.raises(RobustEndoError, match="a metric of the run, got 'iou'"):
        results.robustness(("iou",))


def test_aggregates_describe_themselves():
    assert all(aggregate.description.endswith(".") for aggregate in AGGREGATES.values())
