"""The blur category against the reference package (imagecorruptions-imaug) at its constants (suite imagenet-c)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from robustbench_endo.corruptions import load_suite
from robustbench_endo.corruptions.blur.motion_blur import Params, trail
from robustbench_endo.corruptions.kernels.filters.correlate import correlate
from robustbench_endo.corruptions.kernels.filters.separable import gaussian_blur
from robustbench_endo.corruptions.kernels.interpolation.remap import copied_cells

Frames = Callable[..., Tensor]
imagecorruptions = pytest.importorskip("imagecorruptions", reason="extra `imagecorruptions` is not installed")
severities = pytest.mark.parametrize("severity", [1, 2, 3, 4, 5])


def pixels(images: Tensor) -> NDArray[np.uint8]:
    return (images[0].permute(1, 2, 0) * 255).round().byte().numpy()


def ours(images: Tensor, name: str, severity: int, image_id: str = "a") -> NDArray[np.float32]:
    damaged = load_suite("imagenet-c").corrupt(images, name, severity, [image_id]).images
    return (damaged[0].permute(1, 2, 0) * 255).numpy()


@severities
@pytest.mark.parametrize("name", ["gaussian_blur", "defocus_blur", "zoom_blur"])
@pytest.mark.parametrize("size", [(96, 128), (95, 113)])
@pytest.mark.parametrize("texture", ["frame", "noise", "grey"])
def test_deterministic_ones_agree(
    name: str, severity: int, size: tuple[int, int], texture: str, frames: Frames
) -> None:
    height, width = size
    images = frames(1, 96, 128)[..., :height, :width]
    if texture == "noise":
        images = torch.rand(images.shape, generator=torch.Generator().manual_seed(0)).mul(255).round() / 255
    if texture == "grey":
        images = images[:, :1].expand(-1, 3, -1, -1)
    theirs = imagecorruptions.corrupt(pixels(images), severity, name)
    # They truncate to whole levels: up to 1 of the 2 levels allowed.
    assert np.abs(ours(images, name, severity) - theirs).max() <= 2


@severities
def test_glass_has_the_same_statistics(severity: int, frames: Frames) -> None:
    images = frames(1, 256, 256)
    images[..., 100:104] = 1.0
    theirs = imagecorruptions.corrupt(pixels(images), severity, "glass_blur", seed=0).astype(float)
    mine = ours(images, "glass_blur", severity).astype(float)
    # They cut to whole levels twice, which darkens by about one level.
    assert mine.mean() == pytest.approx(theirs.mean(), abs=1.5)
    assert mine.std() == pytest.approx(theirs.std(), rel=0.02)
    clean = pixels(images).astype(float)
    assert (mine - clean).std() == pytest.approx((theirs - clean).std(), rel=0.05)
    assert ring_power(mine) == pytest.approx(ring_power(theirs), rel=0.25)


@pytest.mark.parametrize(("shift", "sweeps"), [(1, 2), (2, 3), (4, 2)])
def test_glass_copies_from_as_far(shift: int, sweeps: int) -> None:
    from imagecorruptions.corruptions import _shuffle_pixels_njit_glass_blur as shuffle

    side = 200
    places = np.stack(np.meshgrid(np.arange(side), np.arange(side), indexing="ij"), axis=-1)
    theirs = shuffle(side, side, places.copy(), (0.0, shift, sweeps), 1)
    choices = np.random.default_rng(0).integers(0, (2 * shift) ** 2, (1, sweeps, side, side))
    origin = copied_cells(torch.from_numpy(choices), shift)[0].numpy()
    mine = np.stack((origin // side, origin % side), axis=-1)
    for axis in range(2):
        a, b = (x[..., axis] - places[..., axis] for x in (theirs, mine))
        assert a.mean() == pytest.approx(b.mean(), abs=0.05 * shift)
        assert a.std() == pytest.approx(b.std(), rel=0.03)
        edges = np.arange(-8 * shift, 8 * shift + 1) - 0.5
        histograms = [np.histogram(x, edges)[0] / x.size for x in (a, b)]
        assert np.abs(histograms[0] - histograms[1]).sum() < 0.05


@severities
@pytest.mark.parametrize("angle", [-40.0, 0.0, 25.0, 45.0])
def test_motion_at_the_same_angle_is_the_same_up_to_sub_pixels(severity: int, angle: float, frames: Frames) -> None:
    from imagecorruptions.corruptions import _motion_blur

    radius, sigma = [(10, 3), (15, 5), (15, 8), (15, 12), (20, 15)][severity - 1]
    # Smooth, so that half a pixel does not matter.
    images = (gaussian_blur(frames(1, 96, 128), 2.0) * 255).round() / 255
    theirs = _motion_blur(pixels(images), radius, sigma, angle)
    kernel = trail(Params(radius, sigma, 45.0, 0.0), float(np.deg2rad(angle)))
    mine = (correlate(images, kernel[None], "nearest")[0].permute(1, 2, 0) * 255).numpy()
    apart = np.abs(mine - theirs)
    assert apart.mean() < 0.6
    assert apart.max() <= 2


def test_motion_angle_is_uniform_within_its_spread() -> None:
    dot = torch.zeros(1, 3, 65, 65)
    dot[..., 32, 32] = 1.0
    angles = []
    for i in range(200):
        spread = torch.from_numpy(ours(dot, "motion_blur", 5, f"frame {i}"))[..., 0]
        y, x = (float((axis * spread).sum() / spread.sum()) - 32 for axis in grid(65))
        angles.append(np.rad2deg(np.arctan2(-y, -x)))
    assert min(angles) == pytest.approx(-45, abs=3)
    assert max(angles) == pytest.approx(45, abs=3)
    assert np.std(angles) == pytest.approx(90 / 12**0.5, rel=0.1)


def grid(side: int) -> tuple[Tensor, Tensor]:
    axis = torch.arange(float(side))
    return axis[:, None], axis


def ring_power(image: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean power in four rings of spatial frequency."""
    power = np.abs(np.fft.fft2(image.mean(-1) - image.mean())) ** 2
    radius = np.hypot(*np.meshgrid(*(np.fft.fftfreq(side) for side in power.shape), indexing="ij"))
    return np.array([power[(radius >= low) & (radius < low + 0.1)].mean() for low in (0.0, 0.1, 0.2, 0.3)])
