"""The variation of scores between the draws of the corruptions."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from robustbench_endo.results import Results
from robustbench_endo.results.draws import draw_variation, number_of_draws, single_draw


@pytest.fixture
def three_draws(make_results) -> Results:
    """A run with three draws of smoke, each with the scores of another run, and one of contrast."""
    runs = [make_results(frames=12, subjects=4, seed=seed) for seed in (0, 1, 2)]
    smoke = [
        run.frame[run.frame["corruption"] == "smoke"].assign(replicate=np.int16(draw)) for draw, run in enumerate(runs)
    ]
    rest = runs[0].frame[runs[0].frame["corruption"] != "smoke"]
    frame = pd.concat((rest, *smoke), ignore_index=True)
    return Results(frame, {**runs[0].info, "replicates": 3})


def test_single_draw_has_one_record_per_frame_and_condition(three_draws, make_results):
    keys = ["model", "corruption", "severity", "image_id"]
    assert number_of_draws(three_draws) == 3
    draws = [single_draw(three_draws, number) for number in range(3)]
    assert not any(draw.frame.duplicated(keys).any() for draw in draws)
    first = make_results(frames=12, subjects=4).table(("miou",))
    pd.testing.assert_frame_equal(draws[0].table(("miou",)), first, check_exact=True)


def test_draw_variation_is_the_standard_deviation_of_the_draws(three_draws, make_results):
    table = draw_variation(three_draws, ("miou", "accuracy"))
    assert list(table.index) == list(three_draws.table().index)
    values = [make_results(frames=12, subjects=4, seed=seed).table(("miou",)) for seed in (0, 1, 2)]
    smoke = [each.loc[("occlusion", "smoke"), ("miou", "a")] for each in values]
    row = table["miou"]["a"].loc[("occlusion", "smoke")]
    assert row["sd"] == pytest.approx(np.std(smoke, ddof=1))
    assert row["se"] == pytest.approx(np.std(smoke, ddof=1) / np.sqrt(3))
    assert (table.loc[[("clean", "clean"), ("digital", "contrast")]] == 0).all(axis=None)
    # The mean over two corruptions varies half as much as the one that does.
    assert table["miou"]["a"].loc[("mean", "all"), "sd"] == pytest.approx(row["sd"] / 2)


def test_draw_variation_of_one_draw_is_not_defined(results):
    assert number_of_draws(results) == 1
    assert draw_variation(results).isna().all(axis=None)


def test_scores_pool_the_draws_and_count_each_frame_once(three_draws):
    scores = three_draws.scores().set_index(["model", "corruption", "severity"])
    assert (scores["images"] == 12).all()
    draws = [single_draw(three_draws, number).scores() for number in range(3)]
    accuracy = [
        each.set_index(["model", "corruption", "severity"]).loc[("a", "smoke", 3), "accuracy"] for each in draws
    ]
    assert scores.loc[("a", "smoke", 3), "accuracy"] == pytest.approx(np.mean(accuracy))


def test_units_count_each_frame_once(three_draws):
    assert three_draws.units().sizes.tolist() == [3, 3, 3, 3]


def test_joint_failures_give_every_corruption_the_same_weight(three_draws):
    pooled = three_draws.joint_failures()
    single = [single_draw(three_draws, number).joint_failures() for number in range(3)]
    for name in ("both_correct", "both_failed"):
        assert pooled[name].to_numpy() == pytest.approx(np.mean([each[name] for each in single], axis=0))


def test_intervals_by_subject_include_the_variation_of_the_draws(make_results):
    # The records of a frame differ by chance only: all variation is that of the draws.
    runs = [
        make_results(frames=60, subjects=30, models=("a",), corruptions=("smoke",), severities=(3,), seed=seed)
        for seed in range(20)
    ]
    draws = [run.frame.assign(replicate=np.int16(draw)) for draw, run in enumerate(runs)]
    smoke = [frame[frame["corruption"] == "smoke"] for frame in draws]
    clean = runs[0].frame[runs[0].frame["corruption"] == "clean"]
    results = Results(pd.concat((clean, *smoke), ignore_index=True), {**runs[0].info, "replicates": 20})
    key = ("occlusion", "smoke")
    row = results.table(("accuracy",), intervals=True)["accuracy"]["a"].loc[key]
    by_subject = (row["high"] - row["low"]) / 2 / stats.t.ppf(0.975, 29)
    of_draws = results.draw_variation(("accuracy",))["accuracy"]["a"].loc[key, "se"]
    assert 0.6 < by_subject / of_draws < 1.7
    single = single_draw(results, 0).table(("accuracy",), intervals=True)["accuracy"]["a"].loc[key]
    assert (single["high"] - single["low"]) > 2.5 * (row["high"] - row["low"])
