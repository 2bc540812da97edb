"""Rankings of a run: known orders, consistency with the comparison, ties, one subject, wrong arguments."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from robustbench_endo.errors import RobustEndoError
from robustbench_endo.results import Resampling, compare
from robustbench_endo.results.rankings.rank_methods import METHODS
from robustbench_endo.results.rankings.rankings import rank_models

SHIFTS = {"a": 0.0, "b": 0.1, "c": 0.1, "d": -0.2}


@pytest.fixture
def run(make_results):
    """Four models: b and c are equal and the best, d is clearly the worst."""
    results = make_results(models=tuple(SHIFTS), corruptions=("smoke", "contrast", "saturate"))
    frame = results.frame
    number = frame["image_id"].str[-7:-4].astype(int)
    frame["iou_mean"] = 0.4 + 0.01 * (number % 24) + frame["model"].map(SHIFTS).astype(float)
    return results


def test_every_method_finds_a_known_order(run):
    rankings = rank_models(run, "miou_per_image", draws=100)
    assert list(rankings.ranks.columns) == list(METHODS)
    for method in METHODS:
        assert rankings.ranks[method].to_dict() == {"a": 3, "b": 1, "c": 1, "d": 4}
    assert rankings.models[2:] == ["a", "d"]
    assert rankings.distribution.loc["d", 4] == 1
    assert rankings.distribution.sum(axis=1).tolist() == [1, 1, 1, 1]
    assert rankings.rank_intervals.loc["a"].tolist() == [3, 3, 3, 3]
    assert (rankings.methods == 1).all(axis=None)
    assert rankings.groups["tau"].tolist() == [1]
    assert rankings.groups[["low", "high"]].to_numpy().tolist() == [[1, 1]]


def test_worst_case_and_direction_change_the_order(run):
    frame = run.frame
    frame.loc[(frame["model"] == "b") & (frame["corruption"] == "smoke"), "iou_mean"] = 0.01
    frame.loc[(frame["model"] == "b") & (frame["corruption"] == "contrast"), "iou_mean"] += 0.9
    rankings = rank_models(run, "miou_per_image", draws=100)
    assert rankings.ranks.loc["b", "mean"] == 1
    assert rankings.ranks.loc["b", "worst_case"] == 4
    assert rankings.methods.loc["mean", "worst_case"] < 1
    frame["hd95"] = 100 * frame["iou_mean"]
    worst_last = rank_models(run, "hd95", draws=100)
    assert worst_last.ranks.loc["d", "mean"] == 1


def test_pairs_agree_with_the_comparison(results):
    rankings = rank_models(results, "miou", draws=100)
    comparison = compare(results, ["miou"])
    (pair,) = comparison.pairs.itertuples()
    one_sided = rankings.pairs.set_index(["model", "other"])["p"]
    assert min(one_sided) == pytest.approx(pair.p / 2)
    assert one_sided.sum() == pytest.approx(1)
    again = rank_models(results, "miou", draws=100, comparison=comparison)
    pd.testing.assert_frame_equal(again.pairs, rankings.pairs)
    wilcoxon = rank_models(results, "miou", draws=100, test="wilcoxon").pairs
    assert not np.allclose(wilcoxon["p"], rankings.pairs["p"])


def test_rankings_are_reproducible_and_follow_the_seed(results):
    first, again, other = (rank_models(results, "miou", Resampling(seed=seed), draws=200) for seed in (0, 0, 5))
    pd.testing.assert_frame_equal(first.distribution, again.distribution)
    assert not first.distribution.equals(other.distribution)
    assert "200 draws of 12 subjects" in first.statement


def test_a_single_subject_has_ranks_but_no_draws(make_results):
    rankings = rank_models(make_results(subjects=1), "miou")
    assert rankings.ranks["mean"].tolist() == [1, 2]
    assert rankings.distribution.isna().all(axis=None)
    assert rankings.rank_intervals["low"].isna().all()
    assert not rankings.pairs["better"].any()
    assert "No draws and no tests" in rankings.statement
    assert any("One subject" in warning for warning in rankings.warnings)


def test_few_subjects_and_frames_are_declared(make_results):
    few = rank_models(make_results(subjects=4), "miou", draws=100)
    assert any("repeat few combinations" in warning for warning in few.warnings)
    frames = rank_models(make_results(), "miou", Resampling(unit="frame"), draws=100)
    assert "24 frames" in frames.statement
    assert not frames.pairs["better"].any()


def test_frames_without_a_valid_prediction_count_for_no_model(run):
    frame = run.frame
    counts = [name for name in frame if name.startswith(("tp_", "fp_", "fn_"))]
    invalid = (frame["model"] == "d") & (frame["image_id"] < "OP06")
    frame.loc[invalid, counts] = -1
    frame.loc[invalid, "iou_mean"] = np.nan
    assert rank_models(run, "miou_per_image", draws=100).ranks.loc["d", "mean"] == 4


def test_seeds_of_a_method_are_ranked_as_one(run):
    entries = [{"name": name, "method": "m" if name in "bd" else name} for name in SHIFTS]
    seeds = dataclasses.replace(run, info={**run.info, "models": entries})
    rankings = rank_models(seeds, "miou_per_image", draws=100)
    assert rankings.models == ["c", "a", "m"]
    assert rankings.values.loc["m", "mean"] == pytest.approx((61.5 + 31.5) / 2)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"metric": "unknown"}, "unknown"),
        ({"metric": "image_ssim"}, "Expected a metric with a direction, got 'image_ssim'"),
        ({"resampling": 5}, "Expected resampling to be a Resampling, got 5"),
        ({"draws": 5}, "Expected draws to be a whole number"),
        ({"test": "t"}, "Expected sign_flips or wilcoxon as the test of pairs, got 't'"),
    ],
)
def test_wrong_arguments_are_errors(results, arguments, message):
    with pytest.raises(RobustEndoError, match=message):
        rank_models(results, **arguments)


def test_a_single_model_cannot_be_ranked(make_results):
    with pytest.raises(RobustEndoError, match="Expected at least two models to rank, got only a"):
        rank_models(make_results(models=("a",)), "miou")
