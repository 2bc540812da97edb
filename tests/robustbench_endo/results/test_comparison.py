"""Paired differences by subject, their correction, pairs and ranks."""

import numpy as np
import pandas as pd
import pytest

from robustbench_endo.errors import RobustEndoError, UnknownNameError
from robustbench_endo.results import Resampling, Results, compare
from robustbench_endo.results.resampling import holm
from robustbench_endo.results.sign_flips import sign_flip_test


def shifted(results, shift, models=("b",)):
    """The results with the per-frame IoU of some models moved by a shift."""
    frame = results.frame.copy()
    number = frame["image_id"].str[-7:-4].astype(int)
    # Frames differ by far more than the models, and the same frames are difficult for all models.
    frame["iou_mean"] = 0.3 + 0.02 * (number % 24) + shift * frame["model"].isin(models) + 0.001 * (number % 3)
    return Results(frame, results.info)


def test_pooled_differences_equal_those_of_the_table(results):
    comparison = compare(results, ("miou", "hd95"))
    assert (comparison.baseline, comparison.models) == ("a", ["a", "b"])
    table = results.table(("miou", "hd95"))
    for row in comparison.differences.itertuples():
        values = table.loc[(row.category, row.corruption), row.metric]
        assert row.value == values["b"]
        assert row.pooled_difference == pytest.approx(values["b"] - values["a"])
        assert row.low <= row.difference <= row.high
        assert row.subjects == 12
    assert comparison.smallest_p == 2.0**-11
    assert comparison.warnings == []


def test_differences_are_means_over_subjects(results):
    comparison = compare(results, ("miou",))
    table = results.table(("miou",), estimand="subject")
    for row in comparison.differences.itertuples():
        values = table.loc[(row.category, row.corruption), "miou"]
        assert row.difference == pytest.approx(values["b"] - values["a"])


def test_long_patients_do_not_dominate(make_results):
    results = shifted(make_results(subjects=12), 0.0)
    first = results.frame["subject_id"] == "OP00_img"
    results.frame.loc[first & (results.frame["model"] == "b"), "iou_mean"] += 0.2
    many = pd.concat([results.frame, *([results.frame[first]] * 9)], ignore_index=True)
    few, long = (compare(run, ("miou_per_image",)) for run in (results, Results(many, results.info)))
    pd.testing.assert_series_equal(few.differences["difference"], long.differences["difference"])
    assert (long.differences["pooled_difference"] > 3 * few.differences["pooled_difference"]).all()


def test_p_values_are_those_of_sign_flips(results):
    rows = compare(results, ("miou",)).differences
    estimator = results.estimator(Resampling())
    ((_, scores),) = estimator.results(["miou"])
    by_corruption = scores.by_subject.mean_over_severities()
    differences = by_corruption[:, 1] - by_corruption[:, 0]
    family = sign_flip_test(differences)
    single = rows["category"].isin(["occlusion", "digital"])
    np.testing.assert_allclose(rows.loc[single, "p_adjusted"], family.p)
    np.testing.assert_allclose(rows.loc[single, "low"], family.low)
    np.testing.assert_allclose(rows.loc[single, "p"], [sign_flip_test(differences[:, [i]]).p[0] for i in (0, 1)])
    assert (rows["p_adjusted"] >= rows["p"] - 1e-12).all()
    np.testing.assert_array_equal(rows.loc[~single, "p_adjusted"], rows.loc[~single, "p"])


def test_intervals_never_contradict_p_values(make_results):
    for seed in range(12):
        results = make_results(frames=20, subjects=8, models=("a", "b", "c"), seed=seed)
        comparison = compare(shifted(results, 0.004 * seed), ("miou_per_image", "accuracy", "hd95"))
        for rows, p in ((comparison.differences, "p_adjusted"), (comparison.pairs, "p_holm")):
            outside = (rows["low"] > 0) | (rows["high"] < 0)
            assert (outside == (rows[p] <= 0.05)).all()


def test_pairing_detects_small_differences(results):
    moved = shifted(results, 0.02)
    rows = compare(moved, ("miou_per_image",)).differences
    assert (rows["low"] > 1.9).all()
    assert (rows["high"] < 2.1).all()
    scores = moved.scores(True)
    assert (scores["miou_per_image_high"] - scores["miou_per_image_low"] > 5).all()


def test_frames_as_units_have_intervals_without_p_values(results):
    comparison = compare(results, ("miou",), resampling=Resampling(unit="frame"))
    assert comparison.differences[["low", "high"]].notna().all(axis=None)
    assert comparison.differences[["p", "p_adjusted"]].isna().all(axis=None)
    assert comparison.pairs["p_holm"].isna().all()
    assert comparison.ranks["first"].all()
    assert "descriptive, without p-values" in comparison.statement


def test_one_subject_has_no_interval_no_p_value_and_no_winner(make_results):
    comparison = compare(shifted(make_results(subjects=1), 0.3), ("miou_per_image",))
    assert comparison.differences[["low", "high", "p", "p_adjusted"]].isna().all(axis=None)
    assert (comparison.differences["difference"] > 25).all()
    assert comparison.ranks["first"].all()
    assert comparison.ranks["low"].tolist() == [1, 1]
    assert comparison.ranks["high"].tolist() == [2, 2]
    assert comparison.warnings[0].startswith("One subject (patient or sequence): no interval and no p-value")


def test_equal_models_have_no_difference(results):
    frame = results.frame[results.frame["model"] == "a"]
    twins = Results(pd.concat((frame, frame.assign(model="b")), ignore_index=True), results.info)
    comparison = compare(twins, ("miou", "accuracy"))
    assert (comparison.differences[["difference", "low", "high"]] == 0).all(axis=None)
    assert (comparison.differences["p_adjusted"] == 1).all()
    assert (comparison.ranks["rank"] == 1.5).all()
    assert comparison.ranks["first"].all()


def test_pairs_are_corrected_by_holm_and_decide_the_ranks(make_results):
    results = shifted(make_results(models=("a", "b", "c")), 0.1, models=("c",))
    comparison = compare(results, ("miou_per_image",))
    assert list(zip(comparison.pairs["model"], comparison.pairs["other"], strict=True)) == [
        ("a", "b"),
        ("a", "c"),
        ("b", "c"),
    ]
    np.testing.assert_allclose(comparison.pairs["p_holm"], holm(comparison.pairs["p"].to_numpy()))
    ranks = comparison.ranks.set_index("model")
    assert ranks["first"].tolist() == [False, False, True]
    assert ranks.loc["c", ["rank", "low", "high"]].tolist() == [1, 1, 1]
    assert ranks.loc["a", ["low", "high"]].tolist() == [2, 3]


@pytest.mark.parametrize("seed", range(4))
def test_ranks_lie_between_one_and_the_number_of_models(make_results, seed):
    ranks = compare(make_results(models=("a", "b", "c"), seed=seed), ("hd95", "miou")).ranks
    assert ranks[["rank", "low", "high"]].stack().between(1, 3).all()
    assert (ranks["low"] <= ranks["rank"]).all()
    assert (ranks["rank"] <= ranks["high"]).all()


def test_ranks_of_metric_where_lower_is_better(results):
    comparison = compare(results, ("hd95",))
    means = results.table(("hd95",)).loc[("mean", "all"), "hd95"]
    assert comparison.ranks.set_index("model").loc[means.idxmin(), "rank"] == 1


def test_exchangeable_models_are_rarely_significant(make_results):
    significant = 0
    for seed in range(20):
        results = make_results(frames=40, subjects=5, seed=seed)
        random = np.random.default_rng(seed)
        levels = {
            name: random.normal(0, 0.1) for name in sorted(set(results.frame["model"] + results.frame["subject_id"]))
        }
        results.frame["iou_mean"] += (results.frame["model"] + results.frame["subject_id"]).map(levels)
        significant += bool((compare(results, ("miou_per_image",)).differences["p_adjusted"] <= 0.05).any())
    assert significant == 0


def with_methods(results, methods):
    """The results whose models are training seeds of methods."""
    models = [{**entry, "method": methods[entry["name"]]} for entry in results.info["models"]]
    return Results(results.frame, {**results.info, "models": models})


def test_seeds_of_a_method_are_compared_as_one(make_results):
    results = make_results(models=("a0", "a1", "b0", "b1"))
    grouped = with_methods(results, {"a0": "a", "a1": "a", "b0": "b", "b1": "b"})
    comparison = compare(grouped, ("miou",))
    assert comparison.models == ["a", "b"]
    table = results.table(("miou",))["miou"]
    row = comparison.differences.query("corruption == 'smoke'").iloc[0]
    assert row["value"] == pytest.approx(table.loc[("occlusion", "smoke"), ["b0", "b1"]].mean())
    assert row["baseline"] == pytest.approx(table.loc[("occlusion", "smoke"), ["a0", "a1"]].mean())


def test_variance_between_seeds_prevents_a_false_difference(make_results):
    # Every seed of b is 10 points better or worse than the other: the patients agree, the seeds do not.
    results = shifted(make_results(models=("a0", "a1", "b0", "b1")), 0.1, models=("b0",))
    apart = compare(results, ("miou_per_image",), baseline="a0").pairs
    grouped = compare(with_methods(results, {"a0": "a", "a1": "a", "b0": "b", "b1": "b"}), ("miou_per_image",))
    assert (apart.query("model == 'a0' and other == 'b0'")["p_holm"] < 0.05).all()
    assert (grouped.pairs["p_holm"] > 0.05).all()
    assert grouped.ranks["first"].all()


def test_compare_warns_of_a_single_seed_among_methods(make_results):
    results = with_methods(make_results(models=("a0", "a1", "b")), {"a0": "a", "a1": "a", "b": "b"})
    warning = compare(results, ("miou",)).warnings[-1]
    assert warning.startswith("Only one training seed of b: how much others would differ")


def test_invalid_predictions_are_excluded_for_all_models(results, invalidate):
    hard = results.frame["image_id"].str.endswith(("001.png", "002.png")) & (results.frame["corruption"] == "smoke")
    comparison = compare(invalidate(results, hard & (results.frame["model"] == "b")), ("miou",))
    without = compare(Results(results.frame[~hard], results.info), ("miou",))
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


def test_statement_names_the_intervals_of_differences(results):
    statement = compare(results, ["miou"]).statement
    assert "12 subjects" in statement
    assert statement.endswith(": sign flips and t test of differences.")
