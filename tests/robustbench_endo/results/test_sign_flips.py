"""Sign-flip tests: exact p-values, agreement with intervals and scipy, size, power, correction for many hypotheses."""

import itertools

import numpy as np
import pytest
from scipy import stats

from robustbench_endo.results.sign_flips import EXACT, sign_flip_test, sign_flips


def test_sign_flips_enumerate_few_subjects():
    signs = sign_flips(4, 200, 0)
    assert signs.shape == (8, 4)
    assert len({tuple(row * row[0]) for row in signs}) == 8
    assert (signs[0] == 1).all()


def test_sign_flips_of_many_subjects_are_a_reproducible_sample():
    one, again, other = (sign_flips(EXACT + 1, 300, seed) for seed in (3, 3, 4))
    assert one.shape == (301, EXACT + 1)
    assert (one == again).all()
    assert not (one == other).all()
    assert (one[0] == 1).all()
    assert abs(one.mean()) < 0.05


def test_sign_flip_test_by_hand():
    # Only +++ and --- reach the sum 6 of 8 sign patterns.
    test = sign_flip_test(np.array([[1.0], [2.0], [3.0]]))
    assert test.p.item() == 0.25
    assert test.smallest == 0.25
    assert test.mean.item() == 2
    assert test.low.item() <= 0 < test.high.item()


def test_sign_flip_test_equals_scipy_permutations():
    data = np.random.default_rng(3).normal(0.4, 1, 11)
    test = sign_flip_test(data[:, None])
    expected = stats.permutation_test(
        (data,), np.mean, permutation_type="samples", n_resamples=np.inf, alternative="two-sided"
    )
    assert test.p.item() == pytest.approx(max(expected.pvalue, stats.ttest_1samp(data, 0).pvalue))


def test_sign_flip_test_is_at_least_the_p_of_student():
    data = np.array([5.0, 5.1, 4.9, 5.05, 4.95, 5.0, 20.0, 5.0])
    test = sign_flip_test(data[:, None])
    assert test.p.item() >= stats.ttest_1samp(data, 0).pvalue


@pytest.mark.parametrize("seed", range(8))
def test_interval_excludes_zero_exactly_where_significant(seed):
    random = np.random.default_rng(seed)
    for _ in range(40):
        subjects, hypotheses = random.integers(2, 18), random.integers(1, 8)
        data = random.normal(random.choice([0.0, 0.7]), 1, (subjects, hypotheses)) + random.normal(
            0, 0.5, (subjects, 1)
        )
        if random.random() < 0.3:
            data = np.round(data)
        if random.random() < 0.3:
            data[random.random(data.shape) < 0.15] = np.nan
        seeds = {"further_variance": np.full(hypotheses, 0.05), "further_freedom": np.full(hypotheses, 3.0)}
        for options in ({}, seeds):
            test = sign_flip_test(data, resamples=300, **options)
            outside = (test.low > 0) | (test.high < 0)
            tested = np.isfinite(test.p)
            assert (outside == (test.p <= 0.05))[tested].all()
            assert np.isnan(test.low[~tested]).all()


def test_interval_of_many_subjects_is_that_of_student():
    data = np.random.default_rng(0).normal(0.3, 1, (60, 1))
    test = sign_flip_test(data)
    expected = stats.ttest_1samp(data[:, 0], 0).confidence_interval(0.95)
    np.testing.assert_allclose((test.low.item(), test.high.item()), expected, rtol=0.1)


def test_sign_flip_test_has_its_size_and_power():
    random = np.random.default_rng(0)
    for subjects in (6, 8, 12):
        rejected = [sign_flip_test(random.normal(0, 1, (subjects, 1))).p.item() <= 0.05 for _ in range(600)]
        assert np.mean(rejected) <= 0.07
    strong = [sign_flip_test(random.normal(1.2, 1, (8, 1))).p.item() <= 0.05 for _ in range(300)]
    assert np.mean(strong) > 0.75


def test_sign_flip_test_corrects_for_the_number_of_hypotheses():
    random = np.random.default_rng(1)
    any_rejected = [(sign_flip_test(random.normal(0, 1, (10, 19))).p <= 0.05).any() for _ in range(300)]
    assert np.mean(any_rejected) <= 0.08


def test_sign_flip_test_rejects_among_19_hypotheses_with_few_subjects():
    # Holm would need p <= 0.05 / 19, and 8 subjects allow no p below 1 / 128.
    data = np.random.default_rng(2).normal(0, 0.1, (8, 19)) + 1.0
    assert (sign_flip_test(data).p <= 0.05).all()


@pytest.mark.parametrize("subjects", [1, 2, 5])
def test_sign_flip_test_of_too_few_subjects_rejects_nothing(subjects):
    test = sign_flip_test(np.full((subjects, 3), 4.0) + np.arange(subjects)[:, None] * 0.01)
    assert not (test.p <= 0.05).any()
    assert np.isnan(test.p).all() == (subjects == 1)


def test_sign_flip_test_of_equal_models_is_one():
    test = sign_flip_test(np.zeros((9, 2)))
    assert test.p.tolist() == [1, 1]
    assert (test.low == 0).all()
    assert (test.high == 0).all()


def test_sign_flip_test_ignores_subjects_without_a_difference():
    data = np.random.default_rng(4).normal(1, 1, (9, 1))
    padded = np.concatenate((data, np.full((3, 1), np.nan)))
    full, part = sign_flip_test(data), sign_flip_test(padded)
    assert part.number.item() == 9
    assert part.mean == full.mean
    assert part.p == pytest.approx(full.p)


def test_further_variance_widens_the_interval():
    data = np.random.default_rng(5).normal(2, 1, (10, 1))
    plain = sign_flip_test(data)
    seeds = sign_flip_test(data, further_variance=np.array([1.0]), further_freedom=np.array([4.0]))
    assert seeds.p.item() > plain.p.item()
    assert seeds.high - seeds.low > plain.high - plain.low


def test_interval_by_enumeration():
    # The interval reaches the largest |t| that 5 % of the sign flips exceed or equal, times the standard error.
    data = np.random.default_rng(6).normal(0.9, 1, 9)
    signs = np.array(list(itertools.product((-1, 1), repeat=9)))
    flipped = signs * data
    t = np.abs(flipped.mean(1) / (flipped.std(1, ddof=1) / 3))
    critical = max(np.sort(t)[::-1][int(0.05 * len(t))], stats.t.ppf(0.975, 8))
    test = sign_flip_test(data[:, None])
    half = critical * stats.sem(data)
    assert test.p.item() <= 0.05
    assert (test.low.item(), test.high.item()) == pytest.approx((data.mean() - half, data.mean() + half))


def test_simultaneous_interval_by_enumeration():
    data = np.random.default_rng(7).normal(2.0, 1, (8, 3))
    signs = np.array(list(itertools.product((-1, 1), repeat=8)))[:, :, None]
    flipped = signs * data
    t = np.abs(flipped.mean(1) / (flipped.std(1, ddof=1) / np.sqrt(8))).max(1)
    critical = max(np.sort(t)[::-1][int(0.05 * len(t))], stats.t.ppf(0.975, 7))
    test = sign_flip_test(data)
    significant = test.p <= 0.05
    assert significant.any()
    expected = data.mean(0) - critical * stats.sem(data)
    np.testing.assert_allclose(test.low[significant], expected[significant])


def test_further_variance_has_the_degrees_of_freedom_of_welch():
    # Subjects that agree closely, so that the sign flips leave the p-value to Student's t.
    data = np.array([1.0, 1.2, 0.8, 1.1, 0.9, 1.0, 1.05, 0.95, 1.0, 1.1, 0.9, 1.0])
    between, further, freedom = stats.sem(data) ** 2, 0.04, 3.0
    test = sign_flip_test(data[:, None], further_variance=np.array([further]), further_freedom=np.array([freedom]))
    total = between + further
    welch = total**2 / (between**2 / 11 + further**2 / freedom)
    assert test.p.item() == pytest.approx(2 * stats.t.sf(data.mean() / np.sqrt(total), welch))
