"""Paired differences, their correction, and ranks."""

import numpy as np
import pandas as pd
import pytest

from robustbench_endo.errors import RobustEndoError, UnknownNameError
from robustbench_endo.results import Bootstrap, Results, compare
from robustbench_endo.results.bootstrap import holm
from robustbench_endo.results.comparison import mean_rank

SETTINGS = Bootstrap(resamples=500, unit="frame")


def test_differences_equal_those_of_the_table(results):
    comparison = compare(results, ("miou", "hd95"), bootstrap=SETTINGS)
    assert (comparison.baseline, comparison.models) == ("a", ["a", "b"])
    table = results.table(("miou", "hd95"))
    for row in comparison.differences.itertuples():
        values = table.loc[(row.category, row.corruption), row.metric]
        assert row.value == values["b"]
        assert row.difference == pytest.approx(values["b"] - values["a"])
        assert row.low <= row.difference <= row.high
    assert comparison.statement.endswith("24 single frames.")
    assert "as if they were independent" in comparison.warnings[0]


def test_holm_corrects_only_corruptions(results):
    rows = compare(results, ("miou",), bootstrap=SETTINGS).differences
    single = rows["category"].isin(["occlusion", "digital"])
    assert single.sum() == 2
    np.testing.assert_allclose(rows.loc[single, "p_holm"], holm(rows.loc[single, "p"].to_numpy()))
    assert rows.loc[~single, "p_holm"].isna().all()
    assert rows["p"].between(0, 1).all()


def test_pairing_detects_small_differences(results):
    frame = results.frame.copy()
    number = frame["image_id"].str[-7:-4].astype(int)
    # Frames differ by far more than the models, and the same frames are difficult for both models.
    frame["iou_mean"] = 0.3 + 0.02 * (number % 24) + 0.02 * (frame["model"] == "b") + 0.001 * (number % 3)
    rows = compare(Results(frame, results.info), ("miou_per_image",), bootstrap=SETTINGS).differences
    assert (rows["low"] > 1.9).all()
    assert (rows["high"] < 2.1).all()
    scores = Results(frame, results.info).scores(SETTINGS)
    assert (scores["miou_per_image_high"] - scores["miou_per_image_low"] > 5).all()


def test_equal_models_have_no_difference(results):
    frame = results.frame[results.frame["model"] == "a"]
    twins = Results(pd.concat((frame, frame.assign(model="b")), ignore_index=True), results.info)
    comparison = compare(twins, ("miou", "accuracy"), bootstrap=SETTINGS)
    assert (comparison.differences[["difference", "low", "high"]] == 0).all(axis=None)
    assert (comparison.differences["p"] == 1).all()
    assert (comparison.ranks["rank"] == 1.5).all()
    assert (comparison.ranks["first"] == 1).all()


def test_mean_rank_by_hand():
    values = np.array([[[3.0, 1.0, 5.0], [2.0, 4.0, 5.0], [1.0, np.nan, 5.0]]])
    np.testing.assert_allclose(mean_rank(values), [[(1 + 2) / 2, (2 + 2) / 2, (3 + 2) / 2]])


def test_ranks_of_metric_where_lower_is_better(results):
    comparison = compare(results, ("hd95",), bootstrap=SETTINGS)
    best = comparison.ranks.sort_values("rank").iloc[0]["model"]
    means = results.table(("hd95",)).loc[("mean", "all"), "hd95"]
    assert comparison.ranks.set_index("model").loc[means.idxmin(), "first"] > 0.5
    assert comparison.ranks["rank"].sum() == pytest.approx(3)
    assert best in ("a", "b")


def test_invalid_predictions_are_excluded_for_all_models(results, invalidate):
    hard = results.frame["image_id"].str.endswith(("001.png", "002.png")) & (results.frame["corruption"] == "smoke")
    comparison = compare(invalidate(results, hard & (results.frame["model"] == "b")), ("miou",), bootstrap=SETTINGS)
    without = compare(Results(results.frame[~hard], results.info), ("miou",), bootstrap=SETTINGS)
    pd.testing.assert_frame_equal(comparison.differences, without.differences)
    assert comparison.warnings[-1].startswith(
        "4 frame-conditions without a valid prediction of every model are excluded"
    )


def test_compare_rejects_bad_input(results, make_results):
    with pytest.raises(UnknownNameError, match="to compare with, got 'c': choose from a, b"):
        compare(results, baseline="c")
    with pytest.raises(RobustEndoError, match="at least two models to compare, got only a"):
        compare(make_results(models=("a",)))
    with pytest.raises(RobustEndoError, match="got 'image_ssim', for which neither high nor low is better"):
        compare(results, ("image_ssim",))
    with pytest.raises(RobustEndoError, match="a metric of the run, got 'iou'"):
        compare(results, ("iou",))
    with pytest.raises(RobustEndoError, match="at least one metric to compare"):
        compare(results, ())
