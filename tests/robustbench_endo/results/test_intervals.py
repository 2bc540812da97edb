"""Coverage on simulated data with known truth; p-values; Holm's correction."""

import numpy as np
import pytest
from scipy import stats

from robustbench_endo.results.bootstrap import holm, interval, p_value
from robustbench_endo.results.dataset_scores import overlap, ratio

SIMULATIONS, RESAMPLES = 600, 600


def clustered_mean(random, groups):
    """A bounded measure of 10 to 30 frames a group, frames of a group alike: sums and counts, (2, groups)."""
    sizes = random.integers(10, 31, groups)
    place = np.repeat(np.arange(groups), sizes)
    level = 1.5 + random.normal(0, 0.8, groups)[place] + random.normal(0, 0.8, len(place))
    return np.stack([np.bincount(place, 1 / (1 + np.exp(-level)), groups), sizes]).astype(float)


def single_frames(random, frames):
    """Right or wrong, 85 % right: (2, frames)."""
    return np.stack([random.random(frames) < 0.85, np.ones(frames)]).astype(float)


def clustered_overlap(random, groups):
    """Pixel counts of 3 classes, classes and groups of different difficulty and size: (9, groups)."""
    area = random.gamma(2, (1000, 400, 100), (groups, 3)) * np.exp(random.normal(0, 0.4, (groups, 1)))
    right = 1 / (1 + np.exp(-(1.5 - 0.5 * np.arange(3) + random.normal(0, 0.6, (groups, 3)))))
    wrong = area * (1 - right)
    return np.concatenate((area * right, wrong * random.uniform(0, 2, (groups, 3)), wrong), axis=1).T


def miou(sums):
    return overlap(sums)["miou"]


CASES = {
    "frames": (single_frames, ratio, 150),
    "20 groups": (clustered_mean, ratio, 20),
    "12 groups": (clustered_mean, ratio, 12),
    "mIoU of 30 groups": (clustered_overlap, miou, 30),
}


@pytest.mark.parametrize("case", CASES)
def test_intervals_cover_the_truth(case):
    simulate, score, units = CASES[case]
    truth = score(simulate(np.random.default_rng(99), 200_000).sum(1))
    random = np.random.default_rng(4)
    hits = 0
    for _ in range(SIMULATIONS):
        data = simulate(random, units)
        weights = random.multinomial(units, np.full(units, 1 / units), size=RESAMPLES)
        low, high = interval(score(data.sum(1)), score(data @ weights.T.astype(float)), units, 0.95)
        hits += low <= truth <= high
    assert 0.93 <= hits / SIMULATIONS <= 0.97


def test_the_plain_percentile_interval_is_too_narrow_for_few_groups():
    truth = ratio(clustered_mean(np.random.default_rng(99), 200_000).sum(1))
    random, hits = np.random.default_rng(4), 0
    for _ in range(SIMULATIONS):
        data = clustered_mean(random, 12)
        weights = random.multinomial(12, np.full(12, 1 / 12), size=RESAMPLES)
        low, high = np.quantile(ratio(data @ weights.T.astype(float)), (0.025, 0.975))
        hits += low <= truth <= high
    assert hits / SIMULATIONS < 0.93


def test_many_units_agree_with_scipy():
    random = np.random.default_rng(1)
    data = random.gamma(2, 1, 400)
    weights = random.multinomial(400, np.full(400, 1 / 400), size=20_000).astype(float)
    ours = interval(data.mean(), weights @ data / 400, 400, 0.95)
    theirs = stats.bootstrap((data,), np.mean, n_resamples=20_000, method="BCa", rng=random).confidence_interval
    np.testing.assert_allclose(ours, theirs, atol=0.012)


def test_an_interval_makes_up_for_a_biased_score():
    random = np.random.default_rng(2)
    truth, hits, plain = 0.0, 0, 0
    for _ in range(200):
        data = random.normal(0, 1, 60)
        weights = random.multinomial(60, np.full(60, 1 / 60), size=400).astype(float)
        means = weights @ data / 60
        spread = weights @ data**2 / 60 - means**2
        score = np.var(data)
        low, high = interval(score - 1 + truth, spread - 1 + truth, 60, 0.95)
        hits += low <= truth <= high
        ends = np.quantile(spread - 1, (0.025, 0.975))
        plain += ends[0] <= truth <= ends[1]
    assert hits > plain


def test_missing_resamples_are_left_out():
    draws = np.random.default_rng(0).normal(5, 1, (2000, 3))
    draws[::2, 1] = np.nan
    draws[:, 2] = np.nan
    low, high = interval(np.array([5, 5, np.nan]), draws, 50, 0.95)
    np.testing.assert_allclose(low[:2], 2.9, atol=0.2)
    np.testing.assert_allclose(high[:2], 7.1, atol=0.2)
    assert np.isnan([low[2], high[2]]).all()


def test_no_end_is_negative_where_nothing_can_be():
    draws = np.abs(np.random.default_rng(0).normal(0.1, 0.05, 2000)) + 0.1
    low, _ = interval(np.array(0.05), draws, 50, 0.95)
    assert low == 0


def test_p_value_and_interval_say_the_same():
    random = np.random.default_rng(3)
    shifts = np.linspace(-1, 1, 81)
    draws = random.normal(shifts, 0.25, (4000, 81))
    point = draws.mean(0)
    for level in (0.9, 0.95):
        low, high = interval(point, draws, 15, level)
        outside = (low > 0) | (high < 0)
        assert (outside != (p_value(point, draws, 15) < 1 - level)).sum() <= 1


def test_p_values_are_uniform_without_a_difference():
    random = np.random.default_rng(5)
    found = []
    for _ in range(500):
        data = random.normal(0, 1, 25)
        weights = random.multinomial(25, np.full(25, 1 / 25), size=400).astype(float)
        found.append(p_value(data.mean(), weights @ data / 25, 25))
    assert stats.kstest(found, "uniform").pvalue > 0.01


def test_a_p_value_is_never_less_than_the_units_can_tell():
    draws = np.full((1000, 1), 3.0)
    assert p_value(draws[0], draws, 12)[0] == 2.0**-11
    far = np.random.default_rng(0).normal(8, 1, (1000, 1))
    assert 0 < p_value(far.mean(0), far, 400)[0] < 1e-10
    assert np.isnan(p_value(draws[0], draws, 1)).all()
    assert p_value(np.zeros(1), np.zeros((1000, 1)), 12)[0] == pytest.approx(1)


def test_holm_by_hand():
    # sorted 0.01, 0.02, 0.03, 0.04 times 4, 3, 2, 1: 0.04, 0.06, 0.06, 0.04 -> never falling: 0.06 for the last
    np.testing.assert_allclose(holm(np.array([0.04, 0.01, 0.03, 0.02])), [0.06, 0.04, 0.06, 0.06])
    np.testing.assert_allclose(holm(np.array([0.01, np.nan, 0.9])), [0.02, np.nan, 0.9])
    np.testing.assert_allclose(holm(np.array([0.7, 0.8])), [1, 1])


def test_what_all_frames_agree_on_is_not_certain(make_results):
    results = make_results(frames=24, subjects=24)
    results.frame["activity_prediction"] = results.frame["activity_target"]
    table = results.table(("accuracy",), True)["accuracy", "a"]
    exact = stats.binomtest(24, 24).proportion_ci(0.95, method="exact")
    np.testing.assert_allclose(table["value"], 100)
    np.testing.assert_allclose(table["low"], 100 * exact.low)
    np.testing.assert_allclose(table["high"], 100)
    assert results.scores(True)["accuracy_low"].max() == pytest.approx(100 * exact.low)
    envelope = results.envelope({"accuracy": 0.9})
    assert envelope["severity"].isna().all()
    failed = results.failures(intervals=True)["activity_failed", "a", "high"]
    np.testing.assert_allclose(failed, 100 * (1 - exact.low))
    same = results.robustness(("accuracy",), "a", True)["a"]
    assert same.loc[("accuracy", "clean"), "low"] == pytest.approx(100 * exact.low)
