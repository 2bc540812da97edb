"""Defocus blur: its disk, also at a reduced scale."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from robustbench_endo.corruptions.blur.defocus_blur import DefocusBlur, DefocusBlurParams, disk
from robustbench_endo.corruptions.kernels.filters.correlate import correlate


@pytest.mark.parametrize("radius", [2.5, 9.0, 13.0, 30.0])
def test_defocus_blur_has_the_variance_of_its_disk(radius: float, point_spread: Callable) -> None:
    total, _, variance = point_spread(DefocusBlur((DefocusBlurParams(radius),) * 5), 129)
    assert total == pytest.approx(1.0, abs=1e-3)
    assert variance.sqrt() == pytest.approx(torch.full((2,), radius / 2), rel=0.03)


def test_defocus_blur_at_reduced_scale_is_within_two_levels_of_full_scale(frames: Callable[..., Tensor]) -> None:
    images = frames(1, 256, 256)[..., :251]
    reduced = DefocusBlur((DefocusBlurParams(20.0),) * 5)(images, 1, ["a"], reference_size=None).images
    assert (reduced - correlate(images, disk(20.0, 8, 0.0)[None], "mirror")).abs().max() < 2 / 255


def test_disk_is_the_area_of_each_pixel_within_the_radius() -> None:
    kernel = disk(5.3, 16, 0.0)
    assert kernel.sum() == pytest.approx(1.0, abs=1e-6)
    assert 1 / kernel.max() == pytest.approx(np.pi * 5.3**2, rel=0.01)
    assert np.allclose(kernel, kernel.T)
    assert np.allclose(kernel, kernel[::-1])
