"""Resampled units and their statement; intervals, their coverage on simulated data, p-values, Holm's correction."""

import numpy as np
import pytest
from scipy import stats

from robustbench_endo.errors import RobustEndoError
from robustbench_endo.metrics.aggregation import ratio
from robustbench_endo.results import Bootstrap
from robustbench_endo.results.bootstrap import MIN_SUBJECTS, holm, interval, p_value
from robustbench_endo.tasks.segmentation.metrics import MeanIoU

SIMULATIONS, RESAMPLES = 600, 600


def test_resampling_uses_subjects_when_enough(make_results):
    units = make_results(subjects=MIN_SUBJECTS).resampling()
    assert (units.kind, units.number, units.warning) == ("subject", MIN_SUBJECTS, "")
    assert units.statement == "95 % intervals from 10,000 resamples of 10 subjects (patients or sequences, 24 frames)."


def test_resampling_uses_frames_when_subjects_are_few(make_results):
    units = make_results(subjects=MIN_SUBJECTS - 1).resampling()
    assert (units.kind, units.number) == ("frame", 24)
    assert units.statement == "95 % intervals from 10,000 resamples of 24 single frames."
    assert "because fewer than 10 subjects are too few: the run has 24 frames of 9 subjects" in units.warning


def test_resampling_warns_of_few_subjects(make_results):
    units = make_results(subjects=3).resampling(Bootstrap(unit="subject"))
    assert (units.kind, units.number) == ("subject", 3)
    assert units.warning.startswith("Only 3 subjects: the intervals are too narrow")


def test_resampling_of_one_frame_per_subject_has_no_warning(make_results):
    units = make_results(frames=8, subjects=8).resampling()
    assert (units.kind, units.warning) == ("frame", "")


def test_interval_of_one_unit_is_nan(make_results):
    for results, settings in ((make_results(subjects=1), Bootstrap(unit="subject")), (make_results(frames=1), True)):
        table = results.table(("miou",), settings)
        assert table.xs("value", axis=1, level="part").notna().all(axis=None)
        assert table.xs("low", axis=1, level="part").isna().all(axis=None)


def test_weights_are_draws_with_replacement(results):
    settings = Bootstrap(resamples=5000)
    weights = results.resampling(settings).weights(settings)
    assert weights.shape == (5000, 12)
    assert (weights.sum(1) == 12).all()
    np.testing.assert_allclose(weights.mean(0), 1, atol=0.06)
    np.testing.assert_allclose(weights.var(0), 1 - 1 / 12, atol=0.08)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"resamples": 10}, "at least 200 resamples, got 10"),
        ({"confidence": 95}, "from 0.5 to below 1, got 95: write 0.95 for 95 %"),
        ({"confidence": 1.0}, "from 0.5 to below 1"),
        ({"seed": -1}, "a seed of at least 0, got -1"),
        ({"unit": "patient"}, "auto, subject or frame as the unit of resampling, got 'patient'"),
    ],
)
def test_bootstrap_rejects_invalid_setting(change, text):
    with pytest.raises(RobustEndoError, match=text):
        Bootstrap(**change)


def clustered_mean(random, subjects):
    """A bounded measure of 10 to 30 correlated frames per subject: sums and counts, (2, subjects)."""
    sizes = random.integers(10, 31, subjects)
    codes = np.repeat(np.arange(subjects), sizes)
    level = 1.5 + random.normal(0, 0.8, subjects)[codes] + random.normal(0, 0.8, len(codes))
    return np.stack([np.bincount(codes, 1 / (1 + np.exp(-level)), subjects), sizes]).astype(float)


def single_frames(random, frames):
    """Correct or wrong, 85 % correct: (2, frames)."""
    return np.stack([random.random(frames) < 0.85, np.ones(frames)]).astype(float)


def clustered_overlap(random, subjects):
    """Pixel counts of 3 classes, classes and subjects of different difficulty and size: (9, subjects)."""
    area = random.gamma(2, (1000, 400, 100), (subjects, 3)) * np.exp(random.normal(0, 0.4, (subjects, 1)))
    correct = 1 / (1 + np.exp(-(1.5 - 0.5 * np.arange(3) + random.normal(0, 0.6, (subjects, 3)))))
    wrong = area * (1 - correct)
    return np.concatenate((area * correct, wrong * random.uniform(0, 2, (subjects, 3)), wrong), axis=1).T


CASES = {
    "frames": (single_frames, ratio, 150),
    "20 subjects": (clustered_mean, ratio, 20),
    "12 subjects": (clustered_mean, ratio, 12),
    "mIoU of 30 subjects": (clustered_overlap, MeanIoU().formula, 30),
}


@pytest.mark.parametrize("case", [pytest.param("frames", marks=pytest.mark.slow), *list(CASES)[1:]])
@pytest.mark.slow
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


def test_percentile_interval_is_too_narrow_for_few_subjects():
    truth = ratio(clustered_mean(np.random.default_rng(99), 200_000).sum(1))
    random, hits = np.random.default_rng(4), 0
    for _ in range(SIMULATIONS):
        data = clustered_mean(random, 12)
        weights = random.multinomial(12, np.full(12, 1 / 12), size=RESAMPLES)
        low, high = np.quantile(ratio(data @ weights.T.astype(float)), (0.025, 0.975))
        hits += low <= truth <= high
    assert hits / SIMULATIONS < 0.93


def test_interval_of_many_units_equals_scipy():
    random = np.random.default_rng(1)
    data = random.gamma(2, 1, 400)
    weights = random.multinomial(400, np.full(400, 1 / 400), size=20_000).astype(float)
    ends = interval(data.mean(), weights @ data / 400, 400, 0.95)
    expected = stats.bootstrap((data,), np.mean, n_resamples=20_000, method="BCa", rng=random).confidence_interval
    np.testing.assert_allclose(ends, expected, atol=0.012)


def test_interval_corrects_bias():
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


def test_interval_excludes_undefined_draws():
    draws = np.random.default_rng(0).normal(5, 1, (2000, 3))
    draws[::2, 1] = np.nan
    draws[:, 2] = np.nan
    low, high = interval(np.array([5, 5, np.nan]), draws, 50, 0.95)
    np.testing.assert_allclose(low[:2], 2.9, atol=0.2)
    np.testing.assert_allclose(high[:2], 7.1, atol=0.2)
    assert np.isnan([low[2], high[2]]).all()


def test_interval_of_nonnegative_draws_is_nonnegative():
    draws = np.abs(np.random.default_rng(0).normal(0.1, 0.05, 2000)) + 0.1
    low, _ = interval(np.array(0.05), draws, 50, 0.95)
    assert low == 0


def test_p_value_agrees_with_interval():
    random = np.random.default_rng(3)
    shifts = np.linspace(-1, 1, 81)
    draws = random.normal(shifts, 0.25, (4000, 81))
    point = draws.mean(0)
    for confidence in (0.9, 0.95):
        low, high = interval(point, draws, 15, confidence)
        outside = (low > 0) | (high < 0)
        assert (outside != (p_value(point, draws, 15) < 1 - confidence)).sum() <= 1


def test_p_values_are_uniform_without_difference():
    random = np.random.default_rng(5)
    p_values = []
    for _ in range(500):
        data = random.normal(0, 1, 25)
        weights = random.multinomial(25, np.full(25, 1 / 25), size=400).astype(float)
        p_values.append(p_value(data.mean(), weights @ data / 25, 25))
    assert stats.kstest(p_values, "uniform").pvalue > 0.01


def test_p_value_has_a_lower_bound():
    draws = np.full((1000, 1), 3.0)
    assert p_value(draws[0], draws, 12)[0] == 2.0**-11
    far = np.random.default_rng(0).normal(8, 1, (1000, 1))
    assert 0 < p_value(far.mean(0), far, 400)[0] < 1e-10
    assert np.isnan(p_value(draws[0], draws, 1)).all()
    assert p_value(np.zeros(1), np.zeros((1000, 1)), 12)[0] == pytest.approx(1)


def test_holm_by_hand():
    # sorted 0.01, 0.02, 0.03, 0.04 times 4, 3, 2, 1: 0.04, 0.06, 0.06, 0.04 -> monotone: 0.06 for the last
    np.testing.assert_allclose(holm(np.array([0.04, 0.01, 0.03, 0.02])), [0.06, 0.04, 0.06, 0.06])
    np.testing.assert_allclose(holm(np.array([0.01, np.nan, 0.9])), [0.02, np.nan, 0.9])
    np.testing.assert_allclose(holm(np.array([0.7, 0.8])), [1, 1])


def test_proportion_of_100_percent_has_an_exact_interval(make_results):
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
