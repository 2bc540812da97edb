"""The envelope ends at the first severity that does not clear the thresholds."""

import pandas as pd
import pytest

from robustbench_endo.errors import RobustEndoError
from robustbench_endo.results import Resampling, Results

SETTINGS = Resampling(resamples=400, unit="frame")


def row(table, model, corruption):
    return table[(table["model"] == model) & (table["corruption"] == corruption)].iloc[0]


def with_dice(results, levels):
    """Per-frame Dice of smoke in model a set by severity, with a little spread."""
    frame = results.frame.copy()
    number = frame["image_id"].str[-7:-4].astype(int)
    for severity, level in levels.items():
        selected = (
            (frame["model"] == "a") & frame["corruption"].isin(["smoke", "clean"]) & (frame["severity"] == severity)
        )
        frame.loc[selected, "dice_mean"] = level + 0.01 * (number % 2)
    return Results(frame, results.info)


@pytest.mark.parametrize(
    ("levels", "severity"),
    [
        ({0: 0.9, 1: 0.85, 3: 0.82}, 3),
        ({0: 0.9, 1: 0.85, 3: 0.7}, 1),
        ({0: 0.9, 1: 0.7, 3: 0.85}, 0),  # clearing again at 3 does not count
        ({0: 0.7, 1: 0.85, 3: 0.85}, pd.NA),
        ({0: 0.9, 1: 0.85, 3: 0.795}, 1),  # the mean of 0.8 clears, the lower end does not
    ],
)
def test_envelope_ends_at_first_severity_not_cleared(results, levels, severity):
    table = with_dice(results, levels).envelope({"dice_per_image": 0.8}, SETTINGS)
    entry = row(table, "a", "smoke")
    assert entry["severity"] is pd.NA if severity is pd.NA else entry["severity"] == severity
    assert entry["limit"] == ("" if severity is not pd.NA and severity == 3 else "dice_per_image")
    assert pd.isna(entry["distortion"]) if severity is pd.NA else entry["distortion"] == pytest.approx(0.1 * severity)


def test_envelope_uses_upper_end_where_lower_is_better(results):
    scores = results.scores(SETTINGS).query("model == 'a' and corruption == 'smoke'").set_index("severity")
    between = (scores["hd95"] + scores["hd95_high"]) / 2
    assert row(results.envelope({"hd95": float(between[3])}, SETTINGS), "a", "smoke")["severity"] == 1
    assert (
        row(results.envelope({"hd95": float(scores["hd95_high"][3]) + 0.01}, SETTINGS), "a", "smoke")["severity"] == 3
    )


def test_envelope_names_the_failed_threshold(results):
    table = with_dice(results, {0: 0.9, 1: 0.9, 3: 0.9}).envelope({"dice_per_image": 0.8, "accuracy": 0.999}, SETTINGS)
    entry = row(table, "a", "smoke")
    assert entry["severity"] is pd.NA
    assert entry["limit"] == "accuracy"
    assert len(table) == 4


def test_envelope_excludes_condition_with_invalid_prediction(results, invalidate):
    safe = with_dice(results, {0: 0.9, 1: 0.9, 3: 0.9})
    marked = (safe.frame["model"] == "a") & (safe.frame["corruption"] == "smoke") & (safe.frame["severity"] == 3)
    marked &= safe.frame["image_id"].str.endswith("004.png")
    entry = row(invalidate(safe, marked).envelope({"dice_per_image": 0.8}, SETTINGS), "a", "smoke")
    assert entry["severity"] == 1
    assert entry["limit"] == "frames without a valid prediction"


def test_envelope_ends_before_missing_condition(results):
    frame = results.frame[~((results.frame["corruption"] == "smoke") & (results.frame["severity"] == 1))]
    entry = row(Results(frame, results.info).envelope({"dice": 0.0}, SETTINGS), "a", "smoke")
    assert entry["severity"] == 0


@pytest.mark.parametrize(
    ("thresholds", "text"),
    [
        ({}, "at least one threshold such as dice=0.8, got none"),
        ({"dice": 80}, "a threshold for dice between 0 and 1, got 80: write 0.8 for 80 %"),
        ({"dice": -0.1}, "between 0 and 1, got -0.1"),
        ({"dice": float("nan")}, "between 0 and 1, got nan"),
        ({"hd95": -3}, "a threshold for hd95 of at least 0, got -3: give it in px"),
        ({"hd95": float("inf")}, "got inf"),
        ({"dize": 0.8}, "a metric of the run, got 'dize'"),
        ({"image_ssim": 0.8}, "a metric with a direction, got one for 'image_ssim'"),
    ],
)
def test_envelope_rejects_invalid_thresholds(results, thresholds, text):
    with pytest.raises(RobustEndoError, match=text):
        results.envelope(thresholds)


def test_envelope_of_one_subject_rests_on_its_numbers(make_results):
    """One subject has no confidence bound: its numbers must not read as a failure on clean frames."""
    one, many = make_results(subjects=1), make_results()
    table = one.envelope({"miou": 0.3})
    scores = one.scores().set_index(["model", "corruption", "severity"])["miou"].sort_index()
    assert not table.attrs["bound"]
    assert many.envelope({"miou": 0.3}).attrs["bound"]
    for row in table.itertuples():
        values = [scores[row.model, "clean", 0], *scores[row.model, row.corruption]]
        cleared = [value >= 30 for value in values]
        expected = cleared.index(False) - 1 if False in cleared else len(values) - 1
        assert row.severity == [0, *one.severities][expected]


def test_envelope_marks_a_bound_close_to_the_threshold_as_borderline(results):
    low = results.scores(True).set_index(["model", "corruption", "severity"])["miou_low"]
    at = low["a", "smoke", 1] / 100
    near, far = (results.envelope({"miou": at * factor}).set_index(["model", "corruption"]) for factor in (0.9999, 0.7))
    assert near.loc[("a", "smoke"), "borderline"]
    assert near.loc[("a", "smoke"), "severity"] == 1
    assert not far.loc[("a", "smoke"), "borderline"]
    value = results.scores().set_index(["model", "corruption", "severity"])["miou"]["a", "smoke", 1] / 100
    tenth = results.envelope({"miou": at - 0.1 * (value - at)}).set_index(["model", "corruption"])
    assert not tenth.loc[("a", "smoke"), "borderline"]
    just_above = results.envelope({"miou": at * 1.0001}).set_index(["model", "corruption"])
    assert just_above.loc[("a", "smoke"), "borderline"]
    assert just_above.loc[("a", "smoke"), "severity"] == 0
