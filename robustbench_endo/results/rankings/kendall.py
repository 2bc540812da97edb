"""Kendall's tau-b between rankings."""

from __future__ import annotations

import numpy as np

from robustbench_endo.metrics.aggregation import Floats, divide


def kendall_tau(one: Floats, other: Floats) -> Floats:
    """Kendall's tau-b of rankings along the last axis (Kendall, Biometrika 1945), corrected for ties.

    Args:
        one, other: ranks (..., models).

    Returns:
        -1 for opposite rankings to 1 for equal ones, (...); NaN where a ranking has all models tied.

    >>> kendall_tau(np.array([1.0, 2, 3]), np.array([1.0, 3, 2])).round(3).item()
    0.333
    """
    first, second = (np.sign(ranks[..., :, None] - ranks[..., None, :]) for ranks in (one, other))
    untied = (first**2).sum((-1, -2)) * (second**2).sum((-1, -2))
    tau: Floats = divide((first * second).sum((-1, -2)), np.sqrt(untied))
    return tau
