"""Errors under corruption against those of a baseline model (Hendrycks and Dietterich, ICLR 2019)."""

from __future__ import annotations

import numpy as np

from robustbench_endo.results.cube import Cube
from robustbench_endo.results.quantities import Quantity
from robustbench_endo.results.scoring import Floats, divide, mean_of_present


def as_errors(cube: Cube, quantity: Quantity) -> Cube:
    """100 % less a score of which more is better; a distance or an error is one already."""
    if not quantity.higher_is_better:
        return cube
    return Cube(quantity.scale - cube.clean, quantity.scale - cube.damaged)


def mean_corruption_error(errors: Cube, baseline: int) -> Floats:
    """mCE in percent, (R, models): mean over corruptions of sum_s E(s, c) / sum_s E_baseline(s, c).

    A corruption under which the baseline makes no error, or that lacks a severity, is left out of the mean.
    """
    summed = errors.damaged.sum(-1)
    return 100 * mean_of_present(divide(summed, summed[:, [baseline]]), -1)


def relative_mean_corruption_error(errors: Cube, baseline: int) -> Floats:
    """Relative mCE in percent, (R, models): as mCE, of the errors above each model's own clean error.

    A corruption under which the baseline gets no worse is left out of the mean.
    """
    grown = (errors.damaged - errors.clean[:, :, None, None]).sum(-1)
    return 100 * mean_of_present(divide(grown, np.broadcast_to(grown[:, [baseline]], grown.shape)), -1)
