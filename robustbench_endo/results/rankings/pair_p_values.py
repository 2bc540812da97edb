"""One-sided tests of every ordered pair of models, corrected for their number."""

from __future__ import annotations

import numpy as np
import pandas as pd

from robustbench_endo.metrics.aggregation import Floats
from robustbench_endo.results.resampling import holm


def wilcoxon_p(cases: Floats, higher_is_better: bool) -> Floats:
    """p-values (models, models) that the model of the row is better than that of the column, by signed ranks.

    Paired, one-sided, by the normal approximation with continuity correction (Wilcoxon, 1945), cases (n, models). NaN
    on the diagonal, and where no case differs.
    """
    from scipy.stats import wilcoxon

    number = cases.shape[1]
    p = np.full((number, number), np.nan)
    for one in range(number):
        for other in range(number):
            both = np.isfinite(cases[:, one]) & np.isfinite(cases[:, other])
            difference = cases[both, one] - cases[both, other]
            if one != other and difference.any():
                side = "greater" if higher_is_better else "less"
                test = wilcoxon(difference, alternative=side, method="asymptotic", correction=True)
                p[one, other] = float(test.pvalue)
    return p


def sign_flip_p(pairs: pd.DataFrame, models: list[str], higher_is_better: bool) -> Floats:
    """As :func:`wilcoxon_p`, by the sign flips of a comparison's ``pairs``.

    The two-sided p-value counts both tails, which are equally large.
    """
    sign = 1 if higher_is_better else -1
    p = np.full((len(models), len(models)), np.nan)
    for pair in pairs.itertuples():
        one, other = models.index(str(pair.model)), models.index(str(pair.other))
        half = float(pair.p) / 2
        better = float(pair.difference) * sign > 0
        p[one, other], p[other, one] = (half, 1 - half) if better else (1 - half, half)
    return p


def holm_of_pairs(p: Floats) -> Floats:
    """p-values (models, models) corrected for the number of ordered pairs."""
    corrected = np.full(p.shape, np.nan)
    pairs = ~np.eye(len(p), dtype=bool)
    corrected[pairs] = holm(p[pairs])
    return corrected
