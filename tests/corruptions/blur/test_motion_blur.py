"""Motion blur: its trail, its direction, and imagecorruptions at the same angle."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from robustbench_endo.corruptions import load_suite
from robustbench_endo.corruptions.blur.motion_blur import MotionBlur, MotionBlurParams, trails
from robustbench_endo.corruptions.kernels.filters.correlate import correlate
from robustbench_endo.corruptions.kernels.filters.separable import gaussian_blur

Frames = Callable[..., Tensor]


@pytest.mark.parametrize("angle", [0.0, 0.7, 2.0, -3.0])
def test_trails_are_centred_and_point_along_their_angle(angle: float) -> None:
    kernel = torch.from_numpy(trails(MotionBlurParams(20.0, 15.0), np.array([angle]))[0]).double()
    assert float(kernel.sum()) == pytest.approx(1.0, abs=1e-6)
    reach = len(kernel) // 2
    axis = torch.arange(-reach, reach + 1, dtype=torch.float64)
    x, y = (kernel.sum(0) * axis).sum(), (kernel.sum(1) * axis).sum()
    assert float(x) == pytest.approx(0.0, abs=1e-4)
    assert float(y) == pytest.approx(0.0, abs=1e-4)
    across = axis * np.cos(angle), axis * np.sin(angle)
    width = (kernel * (across[0][:, None] - across[1]) ** 2).sum()
    assert float(width.sqrt()) < 0.6


def test_trails_of_a_batch_are_those_of_its_angles() -> None:
    angles, params = np.linspace(-np.pi, np.pi, 9), MotionBlurParams(20.0, 15.0)
    assert np.array_equal(trails(params, angles), np.concatenate([trails(params, angles[i : i + 1]) for i in range(9)]))


def test_motion_blur_direction_depends_only_on_the_key(frames: Frames) -> None:
    images = frames(2, 64, 64)
    images[1] = images[0]
    corrupted = MotionBlur()(images, 3, ["a", "b"], reference_size=64).images
    assert not torch.equal(corrupted[0], corrupted[1])
    assert torch.equal(MotionBlur()(images[:1], 3, ["b"], reference_size=64).images[0], corrupted[1])


@pytest.mark.parametrize("severity", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("angle", [-40.0, 0.0, 25.0, 45.0])
def test_motion_blur_agrees_with_imagecorruptions_up_to_sub_pixels(severity: int, angle: float, frames: Frames) -> None:
    pytest.importorskip("imagecorruptions", reason="extra `imagecorruptions` is not installed")
    from imagecorruptions.corruptions import _motion_blur

    radius, sigma = [(10, 3), (15, 5), (15, 8), (15, 12), (20, 15)][severity - 1]
    # Smooth, so that half a pixel does not matter.
    images = (gaussian_blur(frames(1, 96, 128), 2.0) * 255).round() / 255
    pixels = (images[0].permute(1, 2, 0) * 255).round().byte().numpy()
    theirs = _motion_blur(pixels, radius, sigma, angle)
    kernels = trails(MotionBlurParams(radius, sigma, 45.0, 0.0), np.deg2rad([angle]))
    ours = (correlate(images, kernels, "nearest")[0].permute(1, 2, 0) * 255).numpy()
    difference = np.abs(ours - theirs)
    assert difference.mean() < 0.6
    assert difference.max() <= 2


def test_motion_blur_angle_is_uniform_within_its_spread() -> None:
    dot = torch.zeros(1, 3, 65, 65)
    dot[..., 32, 32] = 1.0
    axis = torch.arange(65.0)
    angles = []
    for i in range(200):
        spread = load_suite("imagenet-c").corrupt(dot, "motion_blur", 5, [f"frame {i}"]).images[0, 0]
        y, x = (float((position * spread).sum() / spread.sum()) - 32 for position in (axis[:, None], axis))
        angles.append(np.rad2deg(np.arctan2(-y, -x)))
    assert min(angles) == pytest.approx(-45, abs=3)
    assert max(angles) == pytest.approx(45, abs=3)
    assert np.std(angles) == pytest.approx(90 / 12**0.5, rel=0.1)
