"""The envelope ends where the interval no longer clears, whatever comes after."""

import pandas as pd
import pytest

from robustbench_endo.errors import RobustEndoError
from robustbench_endo.results import Bootstrap, Results

SETTINGS = Bootstrap(resamples=400, unit="frame")


def row(table, model, corruption):
    return table[(table["model"] == model) & (table["corruption"] == corruption)].iloc[0]


def with_dice(results, levels):
    """Per-frame Dice of smoke in model a set by severity, with a little spread."""
    frame = results.frame.copy()
    number = frame["image_id"].str[-7:-4].astype(int)
    for severity, level in levels.items():
        chosen = (
            (frame["model"] == "a") & frame["corruption"].isin(["smoke", "clean"]) & (frame["severity"] == severity)
        )
        frame.loc[chosen, "dice"] = level + 0.01 * (number % 2)
    return Results(frame, results.info)


@pytest.mark.parametrize(
    ("levels", "severity"),
    [
        ({0: 0.9, 1: 0.85, 3: 0.82}, 3),
        ({0: 0.9, 1: 0.85, 3: 0.7}, 1),
        ({0: 0.9, 1: 0.7, 3: 0.85}, 0),  # holding again at 3 does not count
        ({0: 0.7, 1: 0.85, 3: 0.85}, pd.NA),
        ({0: 0.9, 1: 0.85, 3: 0.795}, 1),  # the mean of 0.8 clears, the lower end does not
    ],
)
def test_up_to_the_first_severity_that_does_not_clear(results, levels, severity):
    table = with_dice(results, levels).envelope({"dice_image": 0.8}, SETTINGS)
    found = row(table, "a", "smoke")
    assert found["severity"] is pd.NA if severity is pd.NA else found["severity"] == severity
    assert found["limit"] == ("" if severity is not pd.NA and severity == 3 else "dice_image")
    assert pd.isna(found["dose"]) if severity is pd.NA else found["dose"] == pytest.approx(0.1 * severity)


def test_the_upper_end_counts_where_less_is_better(results):
    scores = results.scores(SETTINGS).query("model == 'a' and corruption == 'smoke'").set_index("severity")
    between = (scores["hd95"] + scores["hd95_high"]) / 2
    assert row(results.envelope({"hd95": float(between[3])}, SETTINGS), "a", "smoke")["severity"] == 1
    assert (
        row(results.envelope({"hd95": float(scores["hd95_high"][3]) + 0.01}, SETTINGS), "a", "smoke")["severity"] == 3
    )


def test_all_thresholds_count_and_the_failing_one_is_named(results):
    table = with_dice(results, {0: 0.9, 1: 0.9, 3: 0.9}).envelope({"dice_image": 0.8, "accuracy": 0.999}, SETTINGS)
    found = row(table, "a", "smoke")
    assert found["severity"] is pd.NA
    assert found["limit"] == "accuracy"
    assert len(table) == 4


def test_a_condition_with_a_frame_without_an_answer_is_outside(results, lose):
    safe = with_dice(results, {0: 0.9, 1: 0.9, 3: 0.9})
    lost = (safe.frame["model"] == "a") & (safe.frame["corruption"] == "smoke") & (safe.frame["severity"] == 3)
    lost &= safe.frame["image_id"].str.endswith("004.png")
    found = row(lose(safe, lost).envelope({"dice_image": 0.8}, SETTINGS), "a", "smoke")
    assert found["severity"] == 1
    assert found["limit"] == "frames without an answer"


def test_a_missing_condition_is_not_safe(results):
    frame = results.frame[~((results.frame["corruption"] == "smoke") & (results.frame["severity"] == 1))]
    found = row(Results(frame, results.info).envelope({"dice": 0.0}, SETTINGS), "a", "smoke")
    assert found["severity"] == 0


@pytest.mark.parametrize(
    ("require", "text"),
    [
        ({}, "at least one threshold such as dice=0.8, got none"),
        ({"dice": 80}, "a threshold for dice between 0 and 1, got 80: write 0.8 for 80 %"),
        ({"dice": -0.1}, "between 0 and 1, got -0.1"),
        ({"dice": float("nan")}, "between 0 and 1, got nan"),
        ({"hd95": -3}, "a threshold for hd95 of at least 0, got -3: give it in px"),
        ({"hd95": float("inf")}, "got inf"),
        ({"dize": 0.8}, "a metric of the run, got 'dize'"),
        ({"image_ssim": 0.8}, "better high or low, got one for 'image_ssim'"),
    ],
)
def test_bad_thresholds(results, require, text):
    with pytest.raises(RobustEndoError, match=text):
        results.envelope(require)
