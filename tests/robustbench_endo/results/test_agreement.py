"""Krippendorff's alpha against published values."""

import numpy as np
import pytest

from robustbench_endo.results.agreement import ordinal_alpha

N = np.nan
# Krippendorff, Computing Krippendorff's Alpha-Reliability, 2011, section C: 4 observers, 12 units.
OBSERVERS = np.array([
    [1, 2, 3, 3, 2, 1, 4, 1, 2, N, N, N],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, N, 3],
    [N, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, N],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, N],
])  # fmt: skip


def test_ordinal_alpha_is_the_published_one():
    assert ordinal_alpha(OBSERVERS) == pytest.approx(0.815, abs=5e-4)


def test_ordinal_alpha_depends_on_the_order_of_values_only():
    assert ordinal_alpha(OBSERVERS**3) == pytest.approx(ordinal_alpha(OBSERVERS))
    assert ordinal_alpha(-OBSERVERS) == pytest.approx(ordinal_alpha(OBSERVERS))


def test_ordinal_alpha_is_1_for_agreement_and_about_0_for_chance():
    random = np.random.default_rng(0)
    assert ordinal_alpha(np.tile(random.integers(0, 3, 50), (3, 1)).astype(float)) == 1
    assert abs(ordinal_alpha(random.integers(0, 3, (3, 2000)).astype(float))) < 0.05


def test_ordinal_alpha_is_undefined_without_pairs_or_variation():
    assert np.isnan(ordinal_alpha(np.array([[1.0, 2, 3]])))
    assert np.isnan(ordinal_alpha(np.ones((2, 5))))
    assert np.isnan(ordinal_alpha(np.array([[1.0, N], [N, 2.0]])))
