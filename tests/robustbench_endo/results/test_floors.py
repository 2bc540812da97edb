"""Floors against a model that makes the same predictions, and what remains above them."""

import numpy as np
import pandas as pd
import pytest

from robustbench_endo.results import Results
from robustbench_endo.results.estimates import ScoreArray
from robustbench_endo.results.floors import above_floor


def constant_model(results):
    """A run whose model "b" is background everywhere and always gives the most frequent activity."""
    frame = results.frame.copy()
    b = frame["model"] == "b"
    a = frame[frame["model"] == "a"].reset_index(drop=True)
    truth = np.stack([(a[f"tp_{c}"] + a[f"fn_{c}"]).to_numpy() for c in range(3)])
    values = {"tp_0": truth[0], "fp_0": truth[1:].sum(0), "fn_0": 0 * truth[0]}
    for c in (1, 2):
        values |= {f"tp_{c}": 0, f"fp_{c}": 0, f"fn_{c}": truth[c]}
    for name, value in values.items():
        frame.loc[b, name] = value
    majority = a.loc[a["corruption"] == "clean", "activity_target"].mode()[0]
    frame.loc[b, "activity_prediction"] = majority
    return Results(frame, results.info)


def test_floors_equal_a_model_with_these_predictions(make_results):
    results = constant_model(make_results(frames=7))
    floors, scores = results.floors(), results.scores()
    model = scores[scores["model"] == "b"].set_index(["corruption", "severity"])
    for floor, names in {
        "background everywhere": ("miou", "dice", "miou_foreground", "dice[x]", "iou[y]", "dice_worst_class"),
        "majority activity": ("accuracy", "balanced_accuracy", "macro_f1"),
    }.items():
        rows = floors[floors["floor"] == floor].set_index(["corruption", "severity"])
        for name in names:
            pd.testing.assert_series_equal(rows[name], model.loc[rows.index, name], check_exact=False)
            assert rows[name].notna().all()


def test_floors_have_the_conditions_in_the_order_of_the_run(results):
    conditions = ["corruption", "severity"]
    floors = results.floors()
    one = floors[floors["floor"] == "background everywhere"][conditions].reset_index(drop=True)
    pd.testing.assert_frame_equal(one, results.scores().query("model == 'a'")[conditions].reset_index(drop=True))


def test_floors_of_a_metric_that_does_not_follow_from_the_truth_are_nan(results):
    floors = results.floors()
    assert floors[["ssim", "segmentation_ece", "ece", "image_ssim"]].isna().all(axis=None)
    assert results.floor("ssim") is None
    assert results.floor("miou")[0] == "background everywhere"
    assert results.floor("brier")[0] == "activity prior"


def test_floors_use_the_truth_of_the_models_that_have_it(make_results, invalidate):
    results = make_results()
    first = results.frame["model"] == "a"
    expected = Results(results.frame[~first].reset_index(drop=True), {**results.info, "models": [{"name": "b"}]})
    without = invalidate(results, first)
    np.testing.assert_allclose(without.floors()["miou"], expected.floors()["miou"])


def test_above_floor_is_mirrored_where_lower_is_better():
    def array(clean, mean):
        return ScoreArray(np.array([[clean]]), np.array([[[[mean]]]]))

    assert above_floor(array(80.0, 55.0), array(30.0, 30.0), 1) == pytest.approx(50)
    assert above_floor(array(100.0, 450.0), array(800.0, 800.0), -1) == pytest.approx(50)
    assert np.isnan(above_floor(array(30.0, 20.0), array(30.0, 30.0), 1))  # clean is not above the floor
    assert above_floor(array(80.0, 20.0), array(30.0, 30.0), 1) == pytest.approx(-20)


def test_relative_counts_above_the_floor_and_ratio_from_zero(results):
    results = Results(results.frame.assign(diagonal=102.0), results.info)
    table = results.robustness(("miou", "hd95", "ssim"))
    scores, floors = results.table(("miou",)), results.floor("miou")[1].point
    clean, mean = (scores.loc[key, ("miou", "a")] for key in (("clean", "clean"), ("mean", "all")))
    low, low_mean = floors.clean[0, 0], floors.mean_over_corruptions()[0, 0]
    assert table.loc[("miou", "relative"), "a"] == pytest.approx(100 * (mean - low_mean) / (clean - low))
    assert table.loc[("miou", "ratio_to_clean"), "a"] == pytest.approx(100 * mean / clean)
    assert np.isnan(table.loc[("ssim", "relative"), "a"])
    assert np.isfinite(table.loc[("hd95", "relative"), "a"])


def test_floor_without_clean_records_is_that_of_the_corruptions(results):
    frame = results.frame[results.frame["corruption"] != "clean"]
    without = type(results)(frame, results.info)
    name, scores = without.floor("miou")
    assert name == "background everywhere"
    assert np.isnan(scores.point.clean).all()
    assert np.isfinite(scores.point.corrupted).all()
