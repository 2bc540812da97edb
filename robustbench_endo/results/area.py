"""The area under the curve of a metric against the strength of the damage."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from robustbench_endo.results.cube import Cube
from robustbench_endo.results.scoring import Floats, divide, mean_of_present


def area_by_severity(cube: Cube, severities: Sequence[int]) -> Floats:
    """Mean height of the curve from severity 0 (clean) to the strongest, (R, models), mean over corruptions."""
    strength = np.array([0, *severities], np.float64)
    return mean_of_present(mean_height(np.broadcast_to(strength, cube.whole().shape), cube.whole()), -1)


def area_by_dose(cube: Cube, image_ssim: Cube) -> Floats:
    """Mean height of the curve over the measured dose, from 0 to the largest of each corruption, (R, models).

    Args:
        cube: the metric.
        image_ssim: in percent; the dose is 1 less its share, at each condition the mean over frames.
    """
    dose = 1 - image_ssim.whole() / 100
    order = np.argsort(dose, axis=-1, kind="stable")
    heights = mean_height(np.take_along_axis(dose, order, -1), np.take_along_axis(cube.whole(), order, -1))
    return mean_of_present(heights, -1)


def mean_height(x: Floats, y: Floats) -> Floats:
    """Trapezoidal area under y(x) along the last axis over the range of x; NaN for a curve with a gap or no range."""
    area = ((y[..., 1:] + y[..., :-1]) / 2 * np.diff(x)).sum(-1)
    return divide(area, x[..., -1] - x[..., 0])
