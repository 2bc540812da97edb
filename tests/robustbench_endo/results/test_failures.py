"""Failures and silent failures, counted by hand."""

import numpy as np
import pandas as pd
import pytest

from robustbench_endo.errors import RobustEndoError, RunError
from robustbench_endo.results import Resampling, Results
from robustbench_endo.results.failures import confidence_limit, undefined_silence


def test_failure_shares_by_hand(four):
    table = four.failures({"segmentation": 0.5})
    smoke = table.loc[("occlusion", "smoke")].xs("a", level="model")
    assert smoke["segmentation_failed"] == 50
    assert smoke["segmentation_silent"] == 25  # frame 2 is not confident
    assert smoke["activity_failed"] == 50
    assert smoke["activity_silent"] == 25  # frame 3 is not confident
    assert (table.loc[("clean", "clean")] == 0).all()


def test_invalid_prediction_fails_but_not_silently(four, invalidate):
    frame = four.frame
    marked = (frame["corruption"] == "smoke") & frame["image_id"].str.endswith("000.png")
    smoke = invalidate(four, marked).failures().loc[("occlusion", "smoke")].xs("a", level="model")
    assert smoke.to_dict() == {
        "segmentation_failed": 75,
        "segmentation_silent": 25,
        "activity_failed": 75,
        "activity_silent": 25,
    }


@pytest.mark.parametrize("confidence", [[0.7] * 4, [1.0, 1.0, 1.0, 1 - 1e-7]], ids=["constant", "saturated"])
def test_silent_failures_are_not_defined_for_equal_confidences(four, confidence):
    """Strictly above its own 10th percentile is no frame: 0 % silent would be the best of any table."""
    frame = four.frame
    frame.loc[frame["corruption"] == "clean", "segmentation_confidence"] = confidence
    smoke = four.failures().loc[("occlusion", "smoke")].xs("a", level="model")
    assert np.isnan(smoke["segmentation_silent"])
    assert smoke["segmentation_failed"] == 50
    assert smoke["activity_silent"] == 25  # its confidence varies
    assert four.joint_failures().loc["a", "both_failed"] == 25
    (sentence,) = undefined_silence(frame, four.tasks)
    assert sentence.startswith("Silent mask failures of a are not defined")


@pytest.mark.parametrize(
    ("ties", "defined"),
    [(1, True), (10, True), (20, True), (22, False), (100, False)],
    ids=lambda value: str(value),
)
def test_confidence_limit_needs_most_clean_frames_above_it(ties, defined):
    confidence = np.concatenate((np.full(ties, 0.5), np.linspace(0.6, 0.9, 100 - ties)))
    assert np.isfinite(confidence_limit(confidence)) == defined


def test_confidence_limit_is_the_quantile_and_ignores_invalid_predictions():
    confidence = np.random.default_rng(0).random(50)
    expected = np.quantile(confidence, 0.1)
    assert confidence_limit(np.concatenate((confidence, [np.nan] * 20))) == expected
    assert np.isnan(confidence_limit(np.full(3, np.nan)))


def test_failures_of_absent_task_are_nan(four):
    frame = four.frame.assign(activity_prediction=-1, activity_confidence=np.nan)
    table = Results(frame, four.info).failures()
    assert table["activity_failed"].isna().all(axis=None)
    assert table["segmentation_failed"].notna().all(axis=None)


def test_failures_with_intervals(results):
    settings = Resampling(resamples=300)
    table = results.failures({"segmentation": 0.6}, settings)
    assert table.attrs["intervals"].startswith("95 % intervals from 12 subjects")


@pytest.mark.parametrize("threshold", [0, -1, 1.5, 80, float("nan")])
def test_failures_reject_threshold_outside_its_range(results, threshold):
    with pytest.raises(RobustEndoError, match="a failure threshold above 0 and at most 1"):
        results.failures({"segmentation": threshold})


def test_failures_need_clean_records(results):
    corrupted = Results(results.frame[results.frame["corruption"] != "clean"], results.info)
    with pytest.raises(RunError, match="records on clean frames of every model, got none of a"):
        corrupted.failures()
    assert pd.isna(corrupted.robustness(("miou",)).loc[("miou", "relative"), "a"])


def test_failures_reject_unknown_task(results):
    with pytest.raises(RobustEndoError, match=r"a task of the run \(activity, segmentation\), got 'phase'"):
        results.failures({"phase": 0.5})
