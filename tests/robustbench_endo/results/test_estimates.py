"""Scores without a subject and of a subject are the scores of runs with these records; intervals of tables."""

import numpy as np
import pandas as pd
import pytest

from robustbench_endo.errors import RobustEndoError, RunError
from robustbench_endo.results import Resampling, Results, estimates


@pytest.mark.parametrize("block", [4_000_000, 1])
@pytest.mark.parametrize("unit", ["subject", "frame"])
def test_unit_scores_equal_scores_of_the_records(results, monkeypatch, unit, block):
    monkeypatch.setattr(estimates, "_BLOCK", block)
    estimator = results.estimator(Resampling(unit=unit))
    single = estimator.units.codes == 7
    scores = {
        kind: Results(results.frame[rows], results.info).scores().set_index(["model", "corruption", "severity"])
        for kind, rows in (("without", ~single), ("only", single))
    }
    keys = pd.MultiIndex.from_frame(estimator.keys)
    computed = {name: (without[7], only[7]) for name, without, only in estimator.without_units(estimator.names)}
    assert set(computed) >= {"miou", "dice", "accuracy", "macro_f1", "ece", "segmentation_ece", "brier", "hd"}
    assert set(computed) == set(estimator.names)
    for name, parts in computed.items():
        for values, kind in zip(parts, ("without", "only"), strict=True):
            np.testing.assert_allclose(values, scores[kind].loc[keys, name], rtol=1e-12, err_msg=name)


def test_intervals_do_not_depend_on_the_seed(results):
    first, other = (results.scores(Resampling(seed=seed)) for seed in (1, 2))
    pd.testing.assert_frame_equal(first, other)


def test_intervals_do_not_change_the_values(results):
    plain, with_ends = results.scores(), results.scores(True)
    pd.testing.assert_frame_equal(with_ends[plain.columns], plain)
    for name in ("miou", "dice", "accuracy", "hd95"):
        assert (with_ends[f"{name}_low"] < with_ends[name]).all()
        assert (with_ends[f"{name}_high"] > with_ends[name]).all()
    assert with_ends.attrs["intervals"].startswith("95 % intervals from 12 subjects")
    table = results.table(("miou",), True)
    pd.testing.assert_frame_equal(
        table.xs("value", axis=1, level="part").rename_axis(columns=["metric", "model"]), results.table(("miou",))
    )
    assert table.attrs["intervals"] == with_ends.attrs["intervals"]


def test_table_by_subject_is_the_mean_of_the_tables_of_subjects(results):
    table = results.table(("miou", "hd95"), estimand="subject")
    parts = [
        Results(records, results.info).table(("miou", "hd95")) for _, records in results.frame.groupby("subject_id")
    ]
    pd.testing.assert_frame_equal(table, sum(parts) / len(parts))
    with_ends = results.table(("miou",), True, estimand="subject")["miou", "a"]
    assert (with_ends["low"] < with_ends["value"]).all()
    assert (with_ends["value"] < with_ends["high"]).all()


def test_interval_of_mean_is_narrower_than_of_one_corruption(results):
    table = results.table(("accuracy",), Resampling(unit="frame"))
    width = table["accuracy", "a", "high"] - table["accuracy", "a", "low"]
    assert width["mean", "all"] < width["occlusion", "smoke"]


def test_intervals_do_not_depend_on_record_order(results):
    shuffled = Results(results.frame.sample(frac=1, random_state=1), results.info)
    original, reordered = (run.table(("miou", "hd"), True) for run in (results, shuffled))
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


def test_conditions_arrange_every_kind_of_condition():
    keys = pd.DataFrame(
        {
            "model": ["b", "a", "a", "a", "b", "a"],
            "corruption": ["clean", "clean", "smoke", "smoke", "real_smoke", "unknown"],
            "severity": [0, 0, 1, 3, 1, 1],
        }
    )
    values = np.arange(12.0).reshape(2, 6)
    arranged = estimates.Conditions(["a", "b"], ["smoke"], [1, 3], ["real_smoke", "real_blood"]).arrange(keys, values)
    assert arranged.clean.tolist() == [[1, 0], [7, 6]]
    np.testing.assert_array_equal(arranged.corrupted[0, :, 0], [[2, 3], [np.nan, np.nan]])
    np.testing.assert_array_equal(arranged.recorded[1], [[np.nan, np.nan], [10, np.nan]])
