"""Failure detection of a run: rows, intervals, frames without a prediction, and wrong arguments."""

import numpy as np
import pytest

from robustbench_endo.errors import RobustEndoError, RunError
from robustbench_endo.results import Resampling, Results
from robustbench_endo.results.failure_detection.risk_coverage import MEASURES, measure

KEYS = ["model", "task", "loss", "confidence", "corruption", "severity"]


@pytest.fixture(scope="module")
def table(results):
    return results.failure_detection(intervals=True)


def test_rows_of_every_condition_confidence_and_loss(table):
    assert not table.duplicated(KEYS).any()
    clean = table[(table["model"] == "a") & (table["corruption"] == "clean")]
    assert clean[["task", "loss", "confidence"]].agg(" ".join, axis=1).tolist() == [
        *(f"segmentation {loss} {name}" for loss in ("failure", "dice") for name in
          ("probability", "margin", "region", "boundary")),
        "activity failure probability",
        "activity failure margin",
    ]  # fmt: skip
    assert set(table["corruption"]) == {"clean", "all", "smoke", "contrast"}
    assert table.attrs["intervals"].startswith("95 % intervals from 12 subjects")


def test_numbers_of_a_row_equal_those_of_its_records(results, table):
    frame = results.frame
    frame = frame[(frame["model"] == "b") & (frame["corruption"] == "smoke") & (frame["severity"] == 3)]
    row = table.set_index(KEYS).loc[("b", "segmentation", "dice", "margin", "smoke", 3)]
    expected = 100 * measure(frame["segmentation_confidence_margin"].to_numpy(float), 1 - frame["dice_mean"].to_numpy())
    np.testing.assert_allclose(row[list(MEASURES)].to_numpy(float), expected[0])
    assert row["frames"] == len(frame)


def test_intervals_contain_their_values(table):
    for name in (*MEASURES, "auroc_corrupted"):
        low, value, high = (table[f"{name}{end}"] for end in ("_low", "", "_high"))
        known = low.notna() & value.notna()
        assert known.any()
        assert ((low <= value + 1e-9) & (value <= high + 1e-9))[known].all()
        assert high[known].between(0, 100).all()


@pytest.mark.parametrize(("failing", "low"), [(1, np.nan), (3, 100 * 0.025 ** (1 / 3))])
def test_perfect_auroc_rests_on_the_subjects_that_fail(results, failing, low):
    frame = results.frame.copy()
    failed = frame["subject_id"].isin(sorted(frame["subject_id"].unique())[:failing])
    frame["activity_prediction"] = np.where(failed, (frame["activity_target"] + 1) % 3, frame["activity_target"])
    frame["activity_confidence"] = np.where(failed, 0.4, 0.9)
    table = Results(frame, results.info).failure_detection("probability", intervals=True, by_corruption=False)
    row = table.set_index(KEYS).loc[("a", "activity", "failure", "probability", "clean", 0)]
    assert row["auroc_failures"] == 100
    np.testing.assert_allclose(row["auroc_failures_low"], low)


def test_all_corruptions_are_the_frames_of_each_together(results):
    table = results.failure_detection("probability", by_corruption=False)
    assert set(table["corruption"]) == {"clean", "all"}
    row = table.set_index(KEYS).loc[("a", "activity", "failure", "probability", "all", 1)]
    assert row["frames"] == 48
    frame = results.frame[(results.frame["model"] == "a") & (results.frame["severity"] == 1)]
    assert row["failures"] == (frame["activity_prediction"] != frame["activity_target"]).sum()


def test_confidence_is_lower_on_corrupted_frames(results):
    table = results.failure_detection("probability", by_corruption=False).set_index(KEYS)
    corrupted = table.loc[("a", "segmentation", "failure", "probability", "all", 3), "auroc_corrupted"]
    assert corrupted > 90
    assert np.isnan(table.loc[("a", "segmentation", "failure", "probability", "clean", 0), "auroc_corrupted"])


def test_invalid_prediction_is_a_failure_that_is_accepted_last(results, invalidate):
    frame = results.frame
    marked = (frame["model"] == "a") & (frame["corruption"] == "clean") & frame["image_id"].str.endswith("003.png")
    table = invalidate(results, marked).failure_detection().set_index(KEYS)
    for loss in ("failure", "dice"):
        row = table.loc[("a", "segmentation", loss, "probability", "clean", 0)]
        assert (row["frames"], row["undefined"]) == (24, 1)
        assert row["aurc"] == pytest.approx(100 * expected_area(results, marked, loss))


def expected_area(results, marked, loss):
    """The area with the marked frame as the last one, of loss 1."""
    clean = results.frame[(results.frame["model"] == "a") & (results.frame["corruption"] == "clean")]
    confidence = np.where(marked[clean.index], -1, clean["segmentation_confidence"])
    losses = 1 - clean["dice_mean"] if loss == "dice" else (clean["dice_mean"] < 0.5).astype(float)
    return measure(confidence, np.where(marked[clean.index], 1, losses))[0, 0]


def test_undefined_confidence_is_accepted_last(results):
    frame = results.frame.copy()
    frame.loc[frame["image_id"].str.endswith("003.png"), "segmentation_confidence_boundary"] = np.nan
    table = Results(frame, results.info).failure_detection("boundary")
    assert (table["undefined"] > 0).all()
    assert (table["frames"] >= 24).all()


def test_thresholds_change_failures_only(results):
    strict = results.failure_detection("margin", {"segmentation": 0.95}).set_index(KEYS)
    usual = results.failure_detection("margin").set_index(KEYS)
    at = ("a", "segmentation", "failure", "margin", "clean", 0)
    assert strict.loc[at, "failures"] > usual.loc[at, "failures"]
    at = ("a", "segmentation", "dice", "margin", "clean", 0)
    assert strict.loc[at, "aurc"] == usual.loc[at, "aurc"]


def test_frames_as_units_say_that_they_are_taken_as_independent(results):
    by_frame = results.failure_detection("margin", intervals=Resampling(unit="frame"), by_corruption=False)
    assert "as if they were independent" in by_frame.attrs["intervals"]


@pytest.mark.parametrize("name", ["user", "entropy", ""])
def test_confidence_that_the_run_lacks_is_refused(results, name):
    with pytest.raises(RobustEndoError, match=r"Expected a confidence that the run records \(probability, margin"):
        results.failure_detection(name)


def test_unknown_task_or_threshold_is_refused(results):
    with pytest.raises(RobustEndoError, match="Expected a task of the run"):
        results.failure_detection(thresholds={"phase": 0.5})
    with pytest.raises(RobustEndoError, match="Expected a failure threshold above 0"):
        results.failure_detection(thresholds={"segmentation": 50})


def test_model_without_clean_records_is_refused(results):
    frame = results.frame[(results.frame["corruption"] != "clean") | (results.frame["model"] != "b")]
    with pytest.raises(RunError, match="clean"):
        Results(frame, results.info).failure_detection()
