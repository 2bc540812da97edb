"""MTF50 of blurs: the formulas, against a slanted edge measured as in ISO 12233."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy.special import j1
from torch import Tensor

from robustbench_endo.corruptions import Corruption, load_suite
from robustbench_endo.corruptions.surgical import depth_defocus
from robustbench_endo.corruptions.surgical.light import to_light, to_values
from robustbench_endo.corruptions.surgical.mtf import disk_mtf50, gaussian_mtf50, sharpened_mtf50

SIDE = 256
SLOPE = math.tan(math.radians(5.0))
OVERSAMPLING = 4


def slanted_edge(sigma: float = 0.0) -> NDArray[np.float64]:
    """(SIDE, SIDE) values 0.3 and 0.6 at an edge 5 degrees from the vertical, blurred by a Gaussian and the pixels."""
    fine = 8
    y, x = ((np.arange(SIDE * fine if axis else SIDE) + 0.5) / (fine if axis else 1) for axis in (0, 1))
    distance = (x[None] - SIDE / 2 - SLOPE * (y[:, None] - SIDE / 2)) * math.cos(math.atan(SLOPE))
    edge = distance > 0 if sigma == 0 else 0.5 + 0.5 * np.vectorize(math.erf)(distance / sigma / math.sqrt(2))
    return 0.3 + 0.3 * edge.reshape(SIDE, SIDE, fine).mean(-1)


def measured_mtf50(values: NDArray[np.float64], half: int) -> float:
    """MTF50, cycles per pixel: edge spread in bins of a quarter pixel, its derivative, its spectrum.

    Args:
        values: (SIDE, SIDE) with the edge of :func:`slanted_edge`.
        half: pixels on each side of the edge that are used.
    """
    rows = slice(SIDE // 4, 3 * SIDE // 4)
    y, x = np.mgrid[:SIDE, :SIDE][:, rows] + 0.5
    distance = (x - SIDE / 2 - SLOPE * (y - SIDE / 2)) * math.cos(math.atan(SLOPE))
    index = np.floor(distance * OVERSAMPLING).astype(int) + half * OVERSAMPLING
    inside = (index >= 0) & (index < 2 * half * OVERSAMPLING)
    counts = np.bincount(index[inside], minlength=2 * half * OVERSAMPLING)
    spread = np.bincount(index[inside], values[rows][inside], minlength=len(counts)) / counts
    spectrum = np.abs(np.fft.rfft(np.diff(spread), 8192))
    frequency = np.fft.rfftfreq(8192, 1 / OVERSAMPLING)
    # The means over a bin and the difference of bins are known blurs.
    contrast = spectrum / spectrum[0] / np.sinc(frequency / OVERSAMPLING).clip(0.1) ** 2
    first = int(np.argmax(contrast < 0.5))
    return float(np.interp(0.5, contrast[[first, first - 1]], frequency[[first, first - 1]]))


def without_pixels(mtf50: float, edge: float) -> float:
    """MTF50 of a blur from that of the blurred edge and of the sharp one, both close to Gaussians."""
    return 1 / math.sqrt(mtf50**-2 - edge**-2)


def gray(values: NDArray[np.float64]) -> Tensor:
    return torch.from_numpy(values).float().expand(1, 3, SIDE, SIDE).contiguous()


def blurred(corruption: Corruption, severity: int, values: NDArray[np.float64]) -> NDArray[np.float64]:
    result: NDArray[np.float64] = corruption(gray(values), severity, ["a"]).images[0, 0].double().numpy()
    return result


def test_mtf50_is_where_the_transfer_functions_are_half() -> None:
    frequency = gaussian_mtf50(1.7)
    assert math.exp(-2 * (math.pi * 1.7 * frequency) ** 2) == pytest.approx(0.5)
    argument = 2 * math.pi * 3 * disk_mtf50(3.0)
    assert 2 * j1(argument) / argument == pytest.approx(0.5)
    assert sharpened_mtf50(0.0, 0.7, 0.2) == pytest.approx(0.2)
    assert gaussian_mtf50(0.0) == disk_mtf50(0.0) == math.inf


@pytest.mark.parametrize("severity", [1, 3, 5])
@pytest.mark.parametrize(("name", "formula"), [("gaussian_blur", gaussian_mtf50), ("defocus_blur", disk_mtf50)])
def test_mtf50_of_a_blur_is_that_of_a_slanted_edge(name: str, formula: Callable[[float], float], severity: int) -> None:
    corruption = load_suite("endo19").get(name)
    params = corruption.severities[severity - 1]
    edge = measured_mtf50(slanted_edge(), 40)
    measured = measured_mtf50(blurred(corruption, severity, slanted_edge()), 40)
    expected = formula(params.sigma if name == "gaussian_blur" else params.radius)
    assert without_pixels(measured, edge) == pytest.approx(expected, rel=0.03)


@pytest.mark.parametrize("severity", [1, 2, 3, 4, 5])
def test_mtf50_of_depth_defocus_is_that_of_the_farthest_tissue(severity: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(depth_defocus, "_defocus", lambda images, noise: torch.ones(1, 1, 8, 8))
    corruption = depth_defocus.DepthDefocus()
    light = slanted_edge()
    values = to_values(gray(light))[0, 0].double().numpy()
    result = to_light(torch.from_numpy(blurred(corruption, severity, values)).float().expand(1, 3, -1, -1))
    measured = measured_mtf50(result[0, 0].double().numpy(), 40)
    expected = corruption.severities[severity - 1].mtf50
    assert without_pixels(measured, measured_mtf50(light, 40)) == pytest.approx(expected, rel=0.03)


@pytest.mark.parametrize("severity", [1, 3, 5])
def test_mtf50_after_edge_enhancement_is_that_of_a_slanted_edge(severity: int) -> None:
    corruption = load_suite("endo-surgical").get("edge_enhancement")
    camera = slanted_edge(1.2)
    before = measured_mtf50(camera, 20)
    after = measured_mtf50(blurred(corruption, severity, camera), 20)
    assert without_pixels(before, measured_mtf50(slanted_edge(), 20)) == pytest.approx(gaussian_mtf50(1.2), rel=0.02)
    assert after == pytest.approx(corruption.severities[severity - 1].mtf50(before), rel=0.03)
    assert after > before
