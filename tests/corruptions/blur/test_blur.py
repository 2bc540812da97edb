"""What each blur promises beyond parity."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from robustbench_endo.corruptions.blur import DefocusBlur, GaussianBlur, GlassBlur, MotionBlur, ZoomBlur
from robustbench_endo.corruptions.blur.defocus_blur import Params as Disk
from robustbench_endo.corruptions.blur.defocus_blur import disk
from robustbench_endo.corruptions.blur.gaussian_blur import Params as Gaussian
from robustbench_endo.corruptions.blur.motion_blur import Params as Trail
from robustbench_endo.corruptions.blur.motion_blur import trail
from robustbench_endo.corruptions.kernels.filters.correlate import correlate
from robustbench_endo.corruptions.kernels.filters.separable import gaussian_blur

Frames = Callable[..., Tensor]


def spread_of_a_dot(damaged: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Sum, mean position and variance along each axis of the picture of a dot."""
    picture = damaged[0, 0].double()
    axes = [torch.arange(side, dtype=torch.float64) for side in picture.shape]
    profiles = [picture.sum(1) / picture.sum(), picture.sum(0) / picture.sum()]
    mean = torch.stack([(p * a).sum() for p, a in zip(profiles, axes, strict=True)])
    variance = torch.stack([(p * a**2).sum() for p, a in zip(profiles, axes, strict=True)]) - mean**2
    return picture.sum(), mean, variance


def dot(side: int) -> Tensor:
    image = torch.zeros(1, 3, side, side)
    image[..., side // 2, side // 2] = 1.0
    return image


@pytest.mark.parametrize("sigma", [2.0, 7.0, 12.0, 20.0])
def test_gaussian_has_its_sigma_also_at_reduced_scale(sigma: float) -> None:
    damaged = GaussianBlur((Gaussian(sigma),) * 5)(dot(201), 1, ["a"], reference_size=None).images
    total, mean, variance = spread_of_a_dot(damaged)
    assert total == pytest.approx(1.0, abs=1e-3)
    assert mean == pytest.approx(torch.tensor([100.0, 100.0]), abs=0.5)
    assert variance.sqrt() == pytest.approx(torch.full((2,), sigma), rel=0.01)


@pytest.mark.parametrize("radius", [2.5, 9.0, 13.0, 30.0])
def test_defocus_has_the_variance_of_its_disk(radius: float) -> None:
    damaged = DefocusBlur((Disk(radius),) * 5)(dot(129), 1, ["a"], reference_size=None).images
    total, _, variance = spread_of_a_dot(damaged)
    assert total == pytest.approx(1.0, abs=1e-3)
    assert variance.sqrt() == pytest.approx(torch.full((2,), radius / 2), rel=0.03)


def test_reduced_scale_is_within_a_level_of_the_full_one(frames: Frames) -> None:
    images = frames(1, 256, 256)[..., :251]
    speckled = (torch.rand(1, 3, 131, 160, generator=torch.Generator().manual_seed(0)) > 0.5).float()
    for sigma, picture in itertools.product((3.9, 4.0, 8.0, 12.0, 16.0), (images, speckled)):
        quick = GaussianBlur((Gaussian(sigma),) * 5)(picture, 1, ["a"], reference_size=None).images
        assert (quick - gaussian_blur(picture, sigma)).abs().max() < 1 / 255
    quick = DefocusBlur((Disk(20.0),) * 5)(images, 1, ["a"], reference_size=None).images
    assert (quick - correlate(images, disk(20.0, 8, 0.0)[None], "mirror")).abs().max() < 2 / 255


def test_disk_is_the_area_of_each_pixel_within_the_radius() -> None:
    kernel = disk(5.3, 16, 0.0)
    assert kernel.sum() == pytest.approx(1.0, abs=1e-6)
    assert 1 / kernel.max() == pytest.approx(np.pi * 5.3**2, rel=0.01)
    assert np.allclose(kernel, kernel.T)
    assert np.allclose(kernel, kernel[::-1])


@pytest.mark.parametrize("angle", [0.0, 0.7, 2.0, -3.0])
def test_default_trail_is_centred_and_points_along_its_angle(angle: float) -> None:
    kernel = torch.from_numpy(trail(Trail(20.0, 15.0), angle)).double()
    assert float(kernel.sum()) == pytest.approx(1.0, abs=1e-6)
    reach = len(kernel) // 2
    axis = torch.arange(-reach, reach + 1, dtype=torch.float64)
    x, y = (kernel.sum(0) * axis).sum(), (kernel.sum(1) * axis).sum()
    assert float(x) == pytest.approx(0.0, abs=1e-4)
    assert float(y) == pytest.approx(0.0, abs=1e-4)
    across = axis * np.cos(angle), axis * np.sin(angle)
    width = (kernel * (across[0][:, None] - across[1]) ** 2).sum()
    assert float(width.sqrt()) < 0.6


def test_zoom_grid_points_where_the_pixels_come_from() -> None:
    # A horizontal ramp: the mean of the layers at a pixel is the ramp at the mean position.
    ramp = torch.linspace(0, 1, 97)[None, None, None].expand(1, 3, 64, 97).contiguous()
    damage = ZoomBlur()(ramp, 5, ["a"])
    warped = torch.nn.functional.grid_sample(ramp, damage.grid, align_corners=False, padding_mode="border")
    assert (warped - damage.images).abs().max() < 1e-3


def test_zoom_magnifies_about_the_centre() -> None:
    grid = ZoomBlur()(torch.rand(1, 3, 128, 160), 3, ["a"]).grid
    assert grid[0, 64, 80].abs().max() < 0.03
    assert 0.85 < float(grid[0, 64, 159, 0]) < 0.97


def test_glass_keeps_the_mean_and_has_no_grid(frames: Frames) -> None:
    images = frames(1, 128, 128)
    damage = GlassBlur()(images, 5, ["a"], reference_size=128)
    assert damage.grid is None
    assert torch.allclose(damage.images.mean((2, 3)), images.mean((2, 3)), atol=5e-3)


def test_glass_cells_grow_with_the_image(frames: Frames) -> None:
    small = frames(1, 64, 64)
    large = small.repeat_interleave(4, 2).repeat_interleave(4, 3)
    from robustbench_endo.corruptions.blur.glass_blur import steps
    from robustbench_endo.corruptions.rng import Noise

    corruption = GlassBlur()
    noise = Noise((5,), torch.device("cpu"))
    params = corruption.severities[4]
    down, *_ = steps((64, 64), params, noise)
    scaled = type(params)(params.sigma * 4, params.shift * 4, params.sweeps, params.cell * 4)
    down4, _, row, _ = steps(large.shape[-2:], scaled, noise)
    assert np.array_equal(down4, 4 * down)
    assert np.array_equal(row, np.arange(256) // 4)


def test_motion_direction_depends_on_the_key_alone(frames: Frames) -> None:
    images = frames(2, 64, 64)
    images[1] = images[0]
    damaged = MotionBlur()(images, 3, ["a", "b"], reference_size=64).images
    assert not torch.equal(damaged[0], damaged[1])
    assert torch.equal(MotionBlur()(images[:1], 3, ["b"], reference_size=64).images[0], damaged[1])
