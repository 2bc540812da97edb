"""The score of a resample is the score of a run with repeated frames."""

import numpy as np
import pandas as pd
import pytest

from robustbench_endo.errors import RobustEndoError, RunError
from robustbench_endo.results import Bootstrap, Results, estimates


@pytest.mark.parametrize("unit", ["subject", "frame"])
def test_draws_equal_scores_of_repeated_records(results, unit):
    estimator = results.estimator(Bootstrap(resamples=200, unit=unit))
    repeats = estimator.weights[7].astype(int)
    assert repeats.max() > 1
    assert repeats.min() == 0
    resample = results.frame.loc[results.frame.index.repeat(repeats[estimator.units.codes])]
    expected = Results(resample, results.info).scores().set_index(["model", "corruption", "severity"])
    keys = pd.MultiIndex.from_frame(estimator.keys)
    draws_of = dict(estimator.draws(estimator.names))
    assert set(estimator.names) >= {"miou", "dice", "accuracy", "macro_f1", "ece", "segmentation_ece", "brier", "hd"}
    assert set(draws_of) == set(estimator.names)
    for name, draws in draws_of.items():
        np.testing.assert_allclose(draws[7], expected.loc[keys, name], rtol=1e-12, err_msg=name)


def test_intervals_are_reproducible(results):
    first, second, other = (results.scores(Bootstrap(resamples=300, seed=seed)) for seed in (1, 1, 2))
    pd.testing.assert_frame_equal(first, second)
    assert not first["miou_low"].equals(other["miou_low"])


def test_intervals_do_not_change_the_values(results):
    plain, with_ends = results.scores(), results.scores(Bootstrap(resamples=300))
    pd.testing.assert_frame_equal(with_ends[plain.columns], plain)
    for name in ("miou", "dice", "accuracy", "hd95"):
        assert (with_ends[f"{name}_low"] < with_ends[name]).all()
        assert (with_ends[f"{name}_high"] > with_ends[name]).all()
    assert with_ends.attrs["intervals"].startswith("95 % intervals from 300 resamples of 12 subjects")
    table = results.table(("miou",), Bootstrap(resamples=300))
    pd.testing.assert_frame_equal(
        table.xs("value", axis=1, level="part").rename_axis(columns=["metric", "model"]), results.table(("miou",))
    )
    assert table.attrs["intervals"] == with_ends.attrs["intervals"]


def test_interval_of_mean_is_narrower_than_of_one_corruption(results):
    table = results.table(("accuracy",), Bootstrap(resamples=1000, unit="frame"))
    width = table["accuracy", "a", "high"] - table["accuracy", "a", "low"]
    assert width["mean", "all"] < width["occlusion", "smoke"]


def test_intervals_do_not_depend_on_record_order(results):
    shuffled = Results(results.frame.sample(frac=1, random_state=1), results.info)
    original, reordered = (run.table(("miou", "hd"), Bootstrap(resamples=300)) for run in (results, shuffled))
    pd.testing.assert_frame_equal(original, reordered, rtol=1e-10)


def test_invalid_predictions_are_counted_but_not_averaged(results, invalidate):
    marked = (results.frame["model"] == "b") & (results.frame["corruption"] == "smoke")
    marked &= results.frame["image_id"].str.endswith(("003.png", "011.png"))
    scores = invalidate(results, marked).scores().set_index(["model", "corruption", "severity"])
    assert scores["n_invalid"].tolist() == [0, 0, 0, 0, 0, 0, 2, 2, 0, 0]
    assert (scores["images"] == 24).all()
    expected = Results(results.frame[~marked], results.info).scores().set_index(["model", "corruption", "severity"])
    pd.testing.assert_frame_equal(
        scores.drop(columns=["images", "n_invalid", "image_psnr", "image_ssim"]),
        expected.drop(columns=["images", "n_invalid", "image_psnr", "image_ssim"]),
    )


def test_estimator_rejects_bad_input(results):
    with pytest.raises(RobustEndoError, match="Expected a metric of the run, got 'mIoU': choose from accuracy"):
        results.table(["mIoU"])
    with pytest.raises(RobustEndoError, match="got 'mIoU'"):
        results.table(["mIoU"], intervals=True)
    empty = Results(results.frame.iloc[:0], results.info)
    with pytest.raises(RunError, match="Expected at least one frame to resample, got none"):
        empty.scores(intervals=True)


@pytest.mark.parametrize("records", [1, 25, 100])
def test_scores_do_not_depend_on_records_per_block(results, monkeypatch, records):
    scores = results.scores()
    in_order = results.frame.sort_values(["model", "corruption", "severity"], kind="stable", ignore_index=True)
    monkeypatch.setattr(estimates, "_RECORDS", records)
    pd.testing.assert_frame_equal(Results(results.frame, results.info).scores(), scores, check_exact=True)
    keys = ["model", "corruption", "severity"]
    parts = Results(in_order, results.info).scores().sort_values(keys, ignore_index=True)
    pd.testing.assert_frame_equal(parts, scores.sort_values(keys, ignore_index=True), check_exact=True)
