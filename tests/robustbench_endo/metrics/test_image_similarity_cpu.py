"""The compiled passes equal SciPy's filters and plain sums."""

import numpy as np
import pytest
from scipy.ndimage import correlate1d

from robustbench_endo.metrics.image_similarity_cpu import luma_of, similarity_sum, squared_error, window_mean
from robustbench_endo.metrics.ssim_window import C1, C2, WINDOW


def images(size, count=2):
    return np.random.default_rng(0).random((count, 3, *size), np.float32)


def filtered(values):
    weights = WINDOW.astype(np.float64)
    return correlate1d(correlate1d(values.astype(np.float64), weights, 0), weights, 1)[5:-5, 5:-5]


@pytest.mark.parametrize("size", [(11, 11), (12, 40), (61, 23)])
def test_window_mean_equals_scipy(size):
    values = images(size)[0, 0]
    np.testing.assert_allclose(window_mean(values), filtered(values), atol=1e-6)


@pytest.mark.parametrize("size", [(11, 11), (12, 40), (61, 23)])
def test_similarity_sum_equals_the_formula_in_float64(size):
    clean, image = images(size)
    x, y = luma_of(clean), luma_of(image)
    mx, my, mxx, myy, mxy = map(filtered, (x, y, x * x, y * y, x * y))
    top = (2 * mx * my + C1) * (2 * (mxy - mx * my) + C2)
    expected = top / ((mx**2 + my**2 + C1) * (mxx - mx**2 + myy - my**2 + C2))
    assert similarity_sum(image, x, window_mean(x), window_mean(x * x)) == pytest.approx(expected.sum(), rel=1e-4)


def test_squared_error_equals_numpy():
    first, second = images((13, 17))
    assert squared_error(first, second) == pytest.approx(np.square(first.astype(np.float64) - second).sum(), rel=1e-6)
