"""One-sided tests of ordered pairs: equal to the recorded ones, complementary, corrected together."""

import numpy as np
import pandas as pd

from robustbench_endo.results.rankings.pair_p_values import holm_of_pairs, sign_flip_p, wilcoxon_p


def test_wilcoxon_p_equals_that_of_r(cases, direction):
    higher, recorded = direction
    for task, values in cases.items():
        np.testing.assert_allclose(
            wilcoxon_p(values, higher), np.array(recorded["p"][task], float), rtol=1e-7, equal_nan=True
        )


def test_significant_pairs_equal_those_of_challenger(cases, direction):
    higher, recorded = direction
    for task, values in cases.items():
        p = wilcoxon_p(values, higher)
        for correction, corrected in (("none", p), ("holm", holm_of_pairs(p))):
            significant = np.nan_to_num(corrected, nan=1.0) <= 0.05
            assert significant.astype(int).tolist() == recorded["significant"][correction][task]


def test_wilcoxon_p_of_equal_models_is_undefined():
    cases = np.array([[0.5, 0.5, 0.4], [0.6, 0.6, np.nan]])
    p = wilcoxon_p(cases, True)
    assert np.isnan(p[0, 1])
    assert 0 < p[0, 2] < 1


def test_sign_flip_p_halves_the_two_sided_one():
    pairs = pd.DataFrame({"model": ["a"], "other": ["b"], "difference": [-2.0], "p": [0.04]})
    higher, lower = (sign_flip_p(pairs, ["a", "b"], better) for better in (True, False))
    np.testing.assert_allclose(higher, [[np.nan, 0.98], [0.02, np.nan]])
    np.testing.assert_allclose(lower, higher.T)


def test_holm_counts_ordered_pairs_without_the_diagonal():
    p = np.array([[np.nan, 0.01, 0.5], [0.99, np.nan, 0.02], [0.5, 0.98, np.nan]])
    corrected = holm_of_pairs(p)
    assert corrected[0, 1] == 0.06
    assert corrected[1, 2] == 0.1
    assert np.isnan(corrected.diagonal()).all()
