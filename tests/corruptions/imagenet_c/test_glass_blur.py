"""Glass blur of 224 x 224 pixels."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from robustbench_endo.corruptions.imagenet_c.glass_blur import GlassBlur
from robustbench_endo.corruptions.kernels.filters.separable import gaussian_blur

Statistics = Callable[..., NDArray[np.float64]]


def test_glass_blur_shuffles_the_upper_left_part_only(frames: Callable[..., Tensor]) -> None:
    images = frames(1, 64, 128)
    corrupted = GlassBlur()(images, 1, ["a"], reference_size=None).images
    blurred = gaussian_blur(gaussian_blur(images, 0.7, "nearest"), 0.7, "nearest")
    same = (corrupted - blurred).abs().amax((0, 1)) < 1e-6
    # Beyond 0.875 of each side and the 3 pixels of the second blur.
    assert same[56 + 3 :].all()
    assert same[:, 112 + 3 :].all()
    assert not same[8:48, 8:100].any(0).all()
