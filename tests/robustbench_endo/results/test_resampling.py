"""Units and their statement; jackknife intervals, their coverage on simulated data, Holm's correction."""

import numpy as np
import pytest
from scipy import stats

from robustbench_endo.errors import RobustEndoError
from robustbench_endo.metrics.aggregation import ratio
from robustbench_endo.results import Resampling
from robustbench_endo.results.resampling import (
    clopper_pearson,
    holm,
    holm_levels,
    jackknife_error,
    jackknife_interval,
    plain_interval,
    smallest_p,
    subject_mean_interval,
)
from robustbench_endo.tasks.segmentation.metrics import MeanIoU


def test_resampling_units_are_always_subjects(make_results):
    units = make_results(subjects=12).units()
    assert (units.kind, units.number, units.warning) == ("subject", 12, "")
    assert units.sizes.tolist() == [2.0] * 12
    assert units.statement == (
        "95 % intervals from 12 subjects (patients or sequences, 24 frames): jackknife over subjects, t distribution."
    )


def test_resampling_units_of_one_subject_say_that_there_is_no_interval(make_results):
    units = make_results(subjects=1).units()
    assert units.statement == "No intervals: 24 frames of 1 subject (patient or sequence)."
    assert units.warning.startswith("One subject (patient or sequence): no interval and no p-value")


@pytest.mark.parametrize(("subjects", "test"), [(2, "smallest attainable p 0.5"), (5, "0.0625"), (6, None), (7, None)])
def test_resampling_units_of_few_subjects_warn(make_results, subjects, test):
    warning = make_results(subjects=subjects).units().warning
    assert warning.startswith(f"Only {subjects} subjects (patients or sequences): the intervals cover, but")
    assert ("no test can be significant" in warning) == (test is not None)
    assert (test or "") in warning


def test_resampling_units_of_frames_are_descriptive(make_results):
    units = make_results(subjects=3).units(Resampling(unit="frame"))
    assert (units.kind, units.number) == ("frame", 24)
    assert units.statement.endswith("24 frames as if they were independent: descriptive, without p-values.")
    assert "24 frames of 3 subjects" in units.warning
    assert make_results(frames=8, subjects=8).units(Resampling(unit="frame")).warning == ""


def test_interval_of_one_subject_is_nan(make_results):
    for results in (make_results(subjects=1), make_results(frames=1)):
        table = results.table(("miou", "accuracy"), True)
        assert table.xs("value", axis=1, level="part").notna().all(axis=None)
        assert table.xs("low", axis=1, level="part").isna().all(axis=None)
        assert table.xs("high", axis=1, level="part").isna().all(axis=None)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"resamples": 10}, "at least 200 resamples, got 10"),
        ({"confidence": 95}, "from 0.5 to below 1, got 95: write 0.95 for 95 %"),
        ({"confidence": 1.0}, "from 0.5 to below 1"),
        ({"seed": -1}, "a seed of at least 0, got -1"),
        ({"unit": "auto"}, "subject or frame as the unit of resampling, got 'auto'"),
    ],
)
def test_resampling_rejects_invalid_setting(change, text):
    with pytest.raises(RobustEndoError, match=text):
        Resampling(**change)


def test_smallest_p_halves_with_every_subject():
    assert [smallest_p(number) for number in (2, 5, 6)] == [0.5, 0.0625, 0.03125]
    assert np.isnan(smallest_p(1))


def test_subject_mean_interval_of_many_subjects_is_that_of_student():
    values = np.random.default_rng(0).normal(50, 3, (60, 4))
    values[2, 1] = values[3, 1] = np.nan
    mean, low, high = subject_mean_interval(values, 0.9)
    for column in range(4):
        data = values[np.isfinite(values[:, column]), column]
        expected = stats.ttest_1samp(data, 0).confidence_interval(0.9)
        assert mean[column] == pytest.approx(data.mean())
        np.testing.assert_allclose((low[column], high[column]), expected, rtol=1e-3)


def test_subject_mean_interval_of_one_score_is_nan():
    mean, low, high = subject_mean_interval(np.array([[2.0], [np.nan]]), 0.95)
    assert mean.tolist() == [2.0]
    assert np.isnan([low, high]).all()


def test_subject_mean_interval_stays_in_the_range():
    _, low, high = subject_mean_interval(np.array([99.0, 100.0, 80.0]), 0.95, 100)
    assert 0 <= low < 93 < high <= 100


def test_jackknife_error_of_a_mean_is_the_standard_error():
    data = np.random.default_rng(0).normal(0, 1, 9)
    left_out = (data.sum() - data) / 8
    error, freedom = jackknife_error(data.mean(), left_out, np.full(9, 5.0))
    # n / (n - 1) larger than the jackknife variance, which is the usual variance of a mean.
    np.testing.assert_allclose(error, stats.sem(data) * np.sqrt(9 / 8))
    assert freedom == 8


def test_jackknife_error_counts_unequal_subjects_as_fewer():
    left_out = np.array([0.4, 0.5, 0.6, 0.7])
    _, equal = jackknife_error(np.array(0.55), left_out, np.full(4, 10.0))
    _, unequal = jackknife_error(np.array(0.55), left_out, np.array([40.0, 10.0, 10.0, 10.0]))
    assert equal == 3
    assert unequal == pytest.approx(70**2 / 1900 - 1)


def test_jackknife_error_includes_the_bias():
    data = np.random.default_rng(1).normal(0, 1, 8)
    left_out = np.array([np.var(np.delete(data, i)) for i in range(8)])
    # The variance with n instead of n - 1 is too small by var / n, which the jackknife estimates exactly.
    bias = np.var(data) - np.var(data, ddof=1)
    error, _ = jackknife_error(np.var(data), left_out, np.ones(8))
    assert error**2 == pytest.approx(((left_out - left_out.mean()) ** 2).sum() + bias**2)


def test_jackknife_error_needs_two_subjects_with_an_influence():
    error, _ = jackknife_error(np.array(0.5), np.array([0.5, 0.5, 0.4]), np.ones(3))
    assert np.isnan(error)


def test_jackknife_interval_is_undefined_where_one_subject_decides():
    # The last two: the only subject with a class, or with a failure, so that no other has an influence.
    for point, left_out in (
        (50.0, (49.0, np.nan, 52.0)),
        (83.2, (83.2, np.nan, 83.2)),
        (100.0, (100.0, np.nan, 100.0)),
    ):
        ends = jackknife_interval(np.array(point), np.array(left_out), np.ones(3), 0.95, 100)
        ends += clopper_pearson(np.array(point), ends, 3, 0.95, 100)
        assert np.isnan(ends).all()


def test_jackknife_interval_stays_in_the_range():
    left_out = np.array([97.0, 99.9, 99.0, 98.0])
    low, high = jackknife_interval(np.array(98.5), left_out, np.ones(4), 0.95, 100)
    assert 75 < low < 98.5 < high <= 100
    low, high = jackknife_interval(np.array(1.5), np.array([0.1, 2.0, 1.8]), np.ones(3), 0.95)
    assert 0 <= low < 1.5 < high
    plain = plain_interval(np.array(1.5), np.array([0.1, 2.0, 1.8]), np.ones(3), 0.95)
    assert plain[0] < 0


def test_jackknife_interval_contains_a_score_that_no_subject_changes():
    for value in (140.625, 0.1, 33.3):
        ends = jackknife_interval(np.array(value), np.full(4, value), np.ones(4), 0.95)
        assert [float(end) for end in ends] == [value, value]


def test_jackknife_interval_of_a_score_below_zero_is_plain():
    left_out = np.array([[-5.0, 3.0, 4.0], [5.0, 3.0, 4.0]]).T
    ends = jackknife_interval(np.array([1.0, 4.0]), left_out, np.ones(3), 0.95, 100)
    plain = plain_interval(np.array([1.0, 4.0]), left_out, np.ones(3), 0.95)
    assert ends[0][0] == plain[0][0]
    assert ends[0][1] != plain[0][1]


def clustered_mean(random, subjects):
    """A bounded measure of 10 to 30 correlated frames per subject: sums and counts, (2, subjects)."""
    sizes = random.integers(10, 31, subjects)
    codes = np.repeat(np.arange(subjects), sizes)
    level = 1.5 + random.normal(0, 0.8, subjects)[codes] + random.normal(0, 0.8, len(codes))
    return np.stack([np.bincount(codes, 1 / (1 + np.exp(-level)), subjects), sizes]).astype(float)


def clustered_overlap(random, subjects):
    """Pixel counts of 3 classes, classes and subjects of different difficulty and size: (9, subjects)."""
    area = random.gamma(2, (1000, 400, 100), (subjects, 3)) * np.exp(random.normal(0, 0.4, (subjects, 1)))
    correct = 1 / (1 + np.exp(-(1.5 - 0.5 * np.arange(3) + random.normal(0, 0.6, (subjects, 3)))))
    wrong = area * (1 - correct)
    return np.concatenate((area * correct, wrong * random.uniform(0, 2, (subjects, 3)), wrong), axis=1).T


CASES = {
    "3 subjects": (clustered_mean, ratio, 3),
    "8 subjects": (clustered_mean, ratio, 8),
    "20 subjects": (clustered_mean, ratio, 20),
    "mIoU of 5 subjects": (clustered_overlap, MeanIoU().formula, 5),
    "mIoU of 30 subjects": (clustered_overlap, MeanIoU().formula, 30),
}


@pytest.mark.parametrize("case", CASES)
def test_intervals_cover_the_truth(case):
    simulate, score, units = CASES[case]
    truth = score(simulate(np.random.default_rng(99), 200_000).sum(1))
    random, hits, simulations = np.random.default_rng(4), 0, 800
    for _ in range(simulations):
        data = simulate(random, units)
        left_out = score(data.sum(1)[:, None] - data)
        sizes = data[-1] if score is ratio else np.ones(units)
        low, high = jackknife_interval(score(data.sum(1)), left_out, sizes, 0.95, 1.0)
        hits += low <= truth <= high
    assert 0.925 <= hits / simulations <= 0.98


def test_interval_of_many_units_equals_scipy_bca():
    data = np.random.default_rng(1).gamma(2, 1, 400)
    left_out = (data.sum() - data) / 399
    ends = plain_interval(data.mean(), left_out, np.ones(400), 0.95)
    expected = stats.bootstrap((data,), np.mean, n_resamples=9_999, method="BCa", rng=1).confidence_interval
    np.testing.assert_allclose(ends, expected, atol=0.015)


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


def test_holm_levels_reject_what_holm_does():
    p = np.array([0.04, 0.001, 0.02, 0.3, 0.01])
    levels = holm_levels(p, 0.05)
    np.testing.assert_allclose(levels, [0.05 / 3, 0.01, 0.05 / 3, 0.05 / 3, 0.0125])
    np.testing.assert_array_equal(p <= levels, holm(p) <= 0.05)
