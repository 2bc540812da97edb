"""Motion blur against imagecorruptions at the same angle, pixel by pixel."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from robustbench_endo.corruptions import load_suite
from robustbench_endo.corruptions.imagenet_c.motion_blur import MotionBlur, MotionBlurParams, stepped_trail
from robustbench_endo.corruptions.kernels.filters.correlate import correlate
from robustbench_endo.corruptions.rng import Noise, image_key

Frames = Callable[..., Tensor]
LENGTHS = [(10, 3), (15, 5), (15, 8), (15, 12), (20, 15)]


def blur(images: Tensor, radius: int, sigma: int, angle: float) -> NDArray[np.float32]:
    """Our trail in levels (H, W, 3)."""
    kernel = stepped_trail(MotionBlurParams(radius, sigma), angle, images.shape[-2:])
    return (correlate(images, kernel[None], "nearest")[0].permute(1, 2, 0) * 255).numpy()


def levels(images: Tensor) -> NDArray[np.uint8]:
    """The first image as uint8 (H, W, 3)."""
    return (images[0].permute(1, 2, 0) * 255).round().byte().numpy()


@pytest.mark.parametrize("severity", [1, 2, 3, 4, 5])
def test_motion_blur_equals_imagecorruptions_at_its_angle(severity: int, frames: Frames) -> None:
    package = pytest.importorskip("imagecorruptions", reason="extra `imagecorruptions` is not installed")
    images = frames(1, 96, 128)
    for seed in range(10):
        np.random.seed(seed)  # noqa: NPY002 - the package draws from numpy's global generator
        angle = np.random.uniform(-45, 45)  # noqa: NPY002
        np.random.seed(seed)  # noqa: NPY002
        theirs = package.corrupt(levels(images), severity, "motion_blur")
        # They truncate to integer levels.
        ours = blur(images, *LENGTHS[severity - 1], angle)
        assert np.abs(ours - 0.5 - theirs).max() <= 0.51


@pytest.mark.parametrize("size", [(96, 128), (32, 36)])
@pytest.mark.parametrize("angle", [-45.0, -30.0, 0.0, 30.0, 45.0])
def test_motion_blur_rounds_and_ends_its_trail_as_imagecorruptions(
    angle: float, size: tuple[int, int], frames: Frames
) -> None:
    pytest.importorskip("imagecorruptions", reason="extra `imagecorruptions` is not installed")
    from imagecorruptions.corruptions import _motion_blur

    images = frames(1, 96, 128)[..., : size[0], : size[1]]
    for radius, sigma in [*LENGTHS, (20, 100)]:
        assert (
            np.abs(blur(images, radius, sigma, angle) - _motion_blur(levels(images), radius, sigma, angle)).max() < 0.01
        )


def test_stepped_trail_loses_the_weight_that_does_not_fit_into_the_frame() -> None:
    params = MotionBlurParams(20.0, 100.0)
    assert float(stepped_trail(params, 0.0, (64, 64)).sum()) == pytest.approx(1.0)
    assert float(stepped_trail(params, 0.0, (32, 32)).sum()) < 0.85


def test_motion_blur_of_the_suite_draws_angles_within_45_degrees(frames: Frames) -> None:
    images = frames(1, 64, 64)
    corruption = load_suite("imagenet-c").get("motion_blur")
    assert corruption == MotionBlur(region="frame")
    for name in ("a", "b", "c"):
        key = image_key(0, name, "motion_blur")
        turn = 2.0 * float(Noise((key,), torch.device("cpu")).uniform((1,), 0)) - 1.0
        batch = corruption(images, 2, [name], reference_size=None)
        ours = (batch.images[0].permute(1, 2, 0) * 255).numpy()
        assert np.abs(ours - blur(images, 15, 5, 45.0 * turn)).max() < 0.01
