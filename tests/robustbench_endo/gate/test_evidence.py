"""Intervals and p-values of evidence: known answers, and that no interval contradicts its p-value."""

import numpy as np
import pytest
from scipy import stats

from robustbench_endo.gate.evidence import (
    SMALLEST,
    MarginEvidence,
    pooled_evidence,
    smallest_levels,
    subject_evidence,
)
from robustbench_endo.results.resampling import jackknife_interval
from robustbench_endo.results.sign_flips import sign_flip_test

RANDOM = np.random.default_rng(3)
SCORES = np.clip(RANDOM.normal(0.8, 0.05, (9, 3)), 0, 1) * 100
DIFFERENCES = RANDOM.normal(-1, 2, (9, 2))


def test_smallest_levels_finds_the_level():
    levels = smallest_levels(lambda levels: levels >= np.array([0.01, 0.5, 2, 0]), (4,))
    np.testing.assert_allclose(levels, [0.01, 0.5, 1, SMALLEST], rtol=1e-6)


def test_subject_evidence_without_a_bound_is_student_t():
    values = np.exp(RANDOM.normal(0, 0.1, (8, 1))) - 3  # negative, so that no scale is transformed
    low, high = subject_evidence(values, None).interval(0.1)
    mean, error = values.mean(), stats.sem(values[:, 0])
    # The jackknife's error has the factor n / (n - 1) more.
    expected = stats.t.interval(0.9, 7, mean, error * np.sqrt(8 / 7))
    np.testing.assert_allclose((low[0], high[0]), expected)


@pytest.mark.parametrize("threshold", [70, 78, 80, 84, 99])
def test_p_values_agree_with_the_intervals(threshold):
    evidence = subject_evidence(SCORES, 100.0)
    for sign in (1, -1):
        p = evidence.p_value(threshold, sign)
        for level in (0.001, 0.05, 0.3):
            low, high = evidence.interval(level)
            significant = low >= threshold if sign > 0 else high <= threshold
            np.testing.assert_array_equal(significant, p <= level)


def test_subject_evidence_of_perfect_scores_is_not_certain():
    evidence = subject_evidence(np.full((8, 1), 100.0), 100.0)
    low, high = evidence.interval(0.05)
    assert (low[0], high[0]) == (pytest.approx(100 * 0.025 ** (1 / 8)), 100)
    assert evidence.p_value(60, 1)[0] < 0.05 < evidence.p_value(70, 1)[0]


def test_pooled_evidence_has_the_intervals_of_the_tables():
    left_out = (SCORES.sum(0) - SCORES) / 8
    evidence = pooled_evidence(SCORES.mean(0), left_out, np.full(9, 4.0), 100.0)
    np.testing.assert_array_equal(
        evidence.interval(0.05), jackknife_interval(SCORES.mean(0), left_out, np.full(9, 4.0), 0.95, 100.0)
    )
    assert evidence.subjects == 9


def test_margin_evidence_is_the_test_of_comparisons():
    evidence = MarginEvidence(DIFFERENCES, -3.0)
    test = sign_flip_test(DIFFERENCES[:, [1]] + 3)
    assert evidence.p_value(-3.0, 1)[1] == test.p[0]
    low, high = evidence.interval(0.05)
    np.testing.assert_allclose((low[1], high[1]), (test.low[0] - 3, test.high[0] - 3))
    np.testing.assert_allclose(evidence.value, DIFFERENCES.mean(0))


@pytest.mark.parametrize("threshold", [-4.0, -2.5, -1.0, 2.0])
def test_margin_intervals_exclude_the_margin_where_significant(threshold):
    evidence = MarginEvidence(DIFFERENCES, threshold)
    for level in (0.01, 0.05, 0.2):
        low, high = evidence.interval(level)
        np.testing.assert_array_equal(low > threshold, evidence.p_value(threshold, 1) <= level)
        np.testing.assert_array_equal(high < threshold, evidence.p_value(threshold, -1) <= level)


def test_margin_evidence_of_equal_models_passes_a_margin():
    evidence = MarginEvidence(np.zeros((8, 1)), -2.0)
    assert evidence.p_value(-2.0, 1)[0] == evidence.smallest == 2.0**-7
    assert evidence.interval(0.05)[0][0] > -2
    assert evidence.interval(0.001)[0][0] == -2  # too few subjects for this level
