"""A resample's score is the score of a run whose frames were drawn again."""

import numpy as np
import pandas as pd
import pytest

from robustbench_endo.errors import RobustEndoError, RunError
from robustbench_endo.results import Bootstrap, Results
from robustbench_endo.results import estimates as sampling


@pytest.mark.parametrize("unit", ["subject", "frame"])
def test_every_quantity_of_a_resample_is_that_of_the_repeated_records(results, unit):
    sampler = results.sampler(Bootstrap(resamples=200, unit=unit))
    repeats = sampler.weights[7].astype(int)
    assert repeats.max() > 1
    assert repeats.min() == 0
    drawn = results.frame.loc[results.frame.index.repeat(repeats[sampler.units.codes])]
    expected = Results(drawn, results.info).scores().set_index(["model", "corruption", "severity"])
    keys = pd.MultiIndex.from_frame(sampler.keys)
    names = dict(sampler.draws(sampler.names))
    assert set(sampler.names) >= {"miou", "dice", "accuracy", "macro_f1", "ece", "segmentation_ece", "brier", "hd"}
    assert set(names) == set(sampler.names)
    for name, draws in names.items():
        np.testing.assert_allclose(draws[7], expected.loc[keys, name], rtol=1e-12, err_msg=name)


def test_the_same_seed_gives_the_same_intervals(results):
    one, two, other = (results.scores(Bootstrap(resamples=300, seed=seed)) for seed in (1, 1, 2))
    pd.testing.assert_frame_equal(one, two)
    assert not one["miou_low"].equals(other["miou_low"])


def test_intervals_stand_beside_the_same_numbers(results):
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


def test_the_mean_over_corruptions_is_surer_than_a_single_one(results):
    table = results.table(("accuracy",), Bootstrap(resamples=1000, unit="frame"))
    width = table["accuracy", "a", "high"] - table["accuracy", "a", "low"]
    assert width["mean", "all"] < width["occlusion", "smoke"]


def test_the_order_of_records_changes_nothing(results):
    shuffled = Results(results.frame.sample(frac=1, random_state=1), results.info)
    one, two = (run.table(("miou", "hd"), Bootstrap(resamples=300)) for run in (results, shuffled))
    pd.testing.assert_frame_equal(one, two, rtol=1e-10)


def test_frames_without_an_answer_are_counted_and_never_averaged(results, lose):
    lost = (results.frame["model"] == "b") & (results.frame["corruption"] == "smoke")
    lost &= results.frame["image_id"].str.endswith(("003.png", "011.png"))
    found = lose(results, lost)
    scores = found.scores().set_index(["model", "corruption", "severity"])
    assert scores["unanswered"].tolist() == [0, 0, 0, 0, 0, 0, 2, 2, 0, 0]
    assert (scores["images"] == 24).all()
    kept = Results(results.frame[~lost], results.info).scores().set_index(["model", "corruption", "severity"])
    pd.testing.assert_frame_equal(
        scores.drop(columns=["images", "unanswered", "image_psnr", "image_ssim"]),
        kept.drop(columns=["images", "unanswered", "image_psnr", "image_ssim"]),
    )


def test_older_runs_lack_what_newer_ones_measure(make_results):
    older = make_results(bins=False)
    older = Results(older.frame.drop(columns="activity_brier"), older.info)
    assert not {"brier", "segmentation_ece"} & set(older.scores().columns)


def test_bad_input(results):
    with pytest.raises(RobustEndoError, match="Expected a metric of the run, got 'mIoU': choose from accuracy"):
        results.table(["mIoU"])
    with pytest.raises(RobustEndoError, match="got 'mIoU'"):
        results.table(["mIoU"], intervals=True)
    empty = Results(results.frame.iloc[:0], results.info)
    with pytest.raises(RunError, match="Expected at least one frame to resample, got none"):
        empty.scores(intervals=True)


@pytest.mark.parametrize("records", [1, 25, 100])
def test_records_are_summed_a_few_at_a_time_to_the_same_bits(results, monkeypatch, records):
    whole = results.scores()
    in_order = results.frame.sort_values(["model", "corruption", "severity"], kind="stable", ignore_index=True)
    monkeypatch.setattr(sampling, "_RECORDS", records)
    pd.testing.assert_frame_equal(Results(results.frame, results.info).scores(), whole, check_exact=True)
    keys = ["model", "corruption", "severity"]
    parts = Results(in_order, results.info).scores().sort_values(keys, ignore_index=True)
    pd.testing.assert_frame_equal(parts, whole.sort_values(keys, ignore_index=True), check_exact=True)
