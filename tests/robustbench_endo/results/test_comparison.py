"""Paired differences, their correction, ranks; and which runs may be compared."""

import numpy as np
import pandas as pd
import pytest

from robustbench_endo.errors import RobustEndoError, RunError, UnknownNameError
from robustbench_endo.results import Bootstrap, Results, compare, merged
from robustbench_endo.results.bootstrap import holm
from robustbench_endo.results.comparison import mean_rank

SETTINGS = Bootstrap(resamples=500, unit="frame")


def changed(results, **info):
    return Results(results.frame, {**results.info, **info})


def test_differences_are_those_of_the_table(results):
    found = compare(results, ("miou", "hd95"), bootstrap=SETTINGS)
    assert (found.against, found.models) == ("a", ["a", "b"])
    table = results.table(("miou", "hd95"))
    for row in found.differences.itertuples():
        values = table.loc[(row.category, row.corruption), row.metric]
        assert row.value == values["b"]
        assert row.difference == pytest.approx(values["b"] - values["a"])
        assert row.low <= row.difference <= row.high
    assert found.unit.endswith("24 single frames.")
    assert "as if they were independent" in found.warnings[0]


def test_only_corruptions_are_corrected(results):
    rows = compare(results, ("miou",), bootstrap=SETTINGS).differences
    single = rows["category"].isin(["occlusion", "digital"])
    assert single.sum() == 2
    np.testing.assert_allclose(rows.loc[single, "p_holm"], holm(rows.loc[single, "p"].to_numpy()))
    assert rows.loc[~single, "p_holm"].isna().all()
    assert rows["p"].between(0, 1).all()


def test_pairing_sees_what_single_intervals_cannot(results):
    frame = results.frame.copy()
    number = frame["image_id"].str[-7:-4].astype(int)
    # Frames differ by far more than the models, and both models find the same frames hard.
    frame["miou"] = 0.3 + 0.02 * (number % 24) + 0.02 * (frame["model"] == "b") + 0.001 * (number % 3)
    rows = compare(Results(frame, results.info), ("miou_image",), bootstrap=SETTINGS).differences
    assert (rows["low"] > 1.9).all()
    assert (rows["high"] < 2.1).all()
    scores = Results(frame, results.info).scores(SETTINGS)
    assert (scores["miou_image_high"] - scores["miou_image_low"] > 5).all()


def test_equal_models_do_not_differ(results):
    frame = results.frame[results.frame["model"] == "a"]
    twins = Results(pd.concat((frame, frame.assign(model="b")), ignore_index=True), results.info)
    found = compare(twins, ("miou", "accuracy"), bootstrap=SETTINGS)
    assert (found.differences[["difference", "low", "high"]] == 0).all(axis=None)
    assert (found.differences["p"] == 1).all()
    assert (found.ranks["rank"] == 1.5).all()
    assert (found.ranks["first"] == 1).all()


def test_ranks_by_hand():
    values = np.array([[[3.0, 1.0, 5.0], [2.0, 4.0, 5.0], [1.0, np.nan, 5.0]]])
    np.testing.assert_allclose(mean_rank(values), [[(1 + 2) / 2, (2 + 2) / 2, (3 + 2) / 2]])


def test_lower_is_better_ranks_the_other_way(results):
    found = compare(results, ("hd95",), bootstrap=SETTINGS)
    best = found.ranks.sort_values("rank").iloc[0]["model"]
    means = results.table(("hd95",)).loc[("mean", "all"), "hd95"]
    assert found.ranks.set_index("model").loc[means.idxmin(), "first"] > 0.5
    assert found.ranks["rank"].sum() == pytest.approx(3)
    assert best in ("a", "b")


def test_a_model_gains_nothing_by_not_answering(results, lose):
    hard = results.frame["image_id"].str.endswith(("001.png", "002.png")) & (results.frame["corruption"] == "smoke")
    found = compare(lose(results, hard & (results.frame["model"] == "b")), ("miou",), bootstrap=SETTINGS)
    without = compare(Results(results.frame[~hard], results.info), ("miou",), bootstrap=SETTINGS)
    pd.testing.assert_frame_equal(found.differences, without.differences)
    assert found.warnings[-1].startswith("4 frame-conditions that not every model answered are left out")


def test_two_runs_are_one(results, make_results):
    parts = [
        Results(
            results.frame[results.frame["model"] == name],
            {**results.info, "name": f"run-{name}", "models": [{"name": name}]},
        )
        for name in ("a", "b")
    ]
    one, two = compare(results, bootstrap=SETTINGS), compare(parts, bootstrap=SETTINGS)
    pd.testing.assert_frame_equal(one.differences, two.differences)
    twice = merged([parts[0], changed(parts[0], name="again")])
    assert twice.models == ["run-a/a", "again/a"]
    assert set(twice.frame["model"]) == set(twice.models)
    fewer = make_results(corruptions=("contrast",), severities=(3, 5))
    assert merged([results, changed(fewer, name="other")]).corruptions == ["contrast"]
    assert merged([results, changed(fewer, name="other")]).severities == [3]


@pytest.mark.parametrize(
    ("info", "text"),
    [
        ({"protocol": "endoarss"}, "protocol is 'standard' in run0 and 'endoarss' in run0"),
        ({"suite": {"name": "own", "hash": "8a", "resolution": 512}}, "suite is '9f' in run0 and '8a' in run0"),
        ({"suite": {"name": "endo19", "hash": "9f", "resolution": 256}}, "resolution is '512' in run0 and '256'"),
        ({"seed": 1}, "seed is '0' in run0 and '1' in run0"),
        ({"data": {"classes": list("xyz"), "activities": list("pqr"), "fingerprint": "78"}}, "data is '77'"),
    ],
)
def test_runs_that_saw_other_pictures_are_not_mixed(results, info, text):
    with pytest.raises(RunError, match=text):
        compare([results, changed(results, **info)])


def test_bad_input(results, make_results):
    with pytest.raises(UnknownNameError, match="to compare with, got 'c': choose from a, b"):
        compare(results, against="c")
    with pytest.raises(RobustEndoError, match="at least two models to compare, got a alone"):
        compare(make_results(models=("a",)))
    with pytest.raises(RobustEndoError, match="got 'image_ssim', which describes the pictures"):
        compare(results, ("image_ssim",))
    with pytest.raises(RobustEndoError, match="a metric of the run, got 'iou'"):
        compare(results, ("iou",))
    with pytest.raises(RobustEndoError, match="at least one metric to compare"):
        compare(results, ())
    with pytest.raises(RunError, match="at least one run to compare"):
        compare([])
    with pytest.raises(RunError, match="a corruption and a severity in common"):
        compare([results, make_results(corruptions=("saturate",))])
