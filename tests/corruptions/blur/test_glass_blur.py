"""Glass blur: its cells, and its statistics against imagecorruptions."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from robustbench_endo.corruptions import Noise, load_suite
from robustbench_endo.corruptions.blur.glass_blur import GlassBlur, GlassBlurParams, cell_offsets
from robustbench_endo.corruptions.kernels.interpolation.local_shuffle import local_shuffle

Frames = Callable[..., Tensor]


def test_glass_blur_keeps_the_mean_and_has_no_grid(frames: Frames) -> None:
    images = frames(1, 128, 128)
    batch = GlassBlur()(images, 5, ["a"], reference_size=128)
    assert batch.grid is None
    assert torch.allclose(batch.images.mean((2, 3)), images.mean((2, 3)), atol=6e-3)


def test_cell_offsets_grow_with_the_image() -> None:
    noise = Noise((5,), torch.device("cpu"))
    params = GlassBlur().severities[4]
    down, *_ = cell_offsets((64, 64), params, noise)
    scaled = GlassBlurParams(params.sigma * 4, params.shift * 4, params.sweeps, params.cell * 4)
    down4, _, rows, _ = cell_offsets((256, 256), scaled, noise)
    assert np.array_equal(down4, 4 * down)
    assert np.array_equal(rows, np.arange(256) // 4)


@pytest.mark.slow
@pytest.mark.parametrize("severity", [1, 2, 3, 4, 5])
def test_glass_blur_has_the_statistics_of_imagecorruptions(severity: int, frames: Frames) -> None:
    package = pytest.importorskip("imagecorruptions", reason="extra `imagecorruptions` is not installed")
    images = frames(1, 256, 256)
    images[..., 100:104] = 1.0
    pixels = (images[0].permute(1, 2, 0) * 255).round().byte().numpy()
    theirs = package.corrupt(pixels, severity, "glass_blur", seed=0).astype(float)
    corrupted = load_suite("imagenet-c").corrupt(images, "glass_blur", severity, ["a"]).images
    ours = (corrupted[0].permute(1, 2, 0) * 255).numpy().astype(float)
    # They truncate to integer levels twice, which darkens by about one level.
    assert ours.mean() == pytest.approx(theirs.mean(), abs=1.5)
    assert ours.std() == pytest.approx(theirs.std(), rel=0.02)
    clean = pixels.astype(float)
    assert (ours - clean).std() == pytest.approx((theirs - clean).std(), rel=0.05)
    assert ring_power(ours) == pytest.approx(ring_power(theirs), rel=0.25)


def ring_power(image: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean power in four rings of spatial frequency."""
    power = np.abs(np.fft.fft2(image.mean(-1) - image.mean())) ** 2
    radius = np.hypot(*np.meshgrid(*(np.fft.fftfreq(side) for side in power.shape), indexing="ij"))
    return np.array([power[(radius >= low) & (radius < low + 0.1)].mean() for low in (0.0, 0.1, 0.2, 0.3)])


@pytest.mark.parametrize(("shift", "sweeps"), [(1, 2), (2, 3), (4, 2)])
def test_glass_blur_copies_over_the_distances_of_imagecorruptions(shift: int, sweeps: int) -> None:
    pytest.importorskip("imagecorruptions", reason="extra `imagecorruptions` is not installed")
    from imagecorruptions.corruptions import _shuffle_pixels_njit_glass_blur as shuffle

    side = 200
    positions = np.stack(np.meshgrid(np.arange(side), np.arange(side), indexing="ij"), axis=-1)
    theirs = shuffle(side, side, positions.copy(), (0.0, shift, sweeps), 1)
    choices = np.random.default_rng(0).integers(0, (2 * shift) ** 2, (1, sweeps, side, side))
    source = local_shuffle(torch.from_numpy(choices), shift)[0].numpy()
    ours = np.stack((source // side, source % side), axis=-1)
    for axis in range(2):
        a, b = (x[..., axis] - positions[..., axis] for x in (theirs, ours))
        assert a.mean() == pytest.approx(b.mean(), abs=0.05 * shift)
        assert a.std() == pytest.approx(b.std(), rel=0.03)
        edges = np.arange(-8 * shift, 8 * shift + 1) - 0.5
        histograms = [np.histogram(x, edges)[0] / x.size for x in (a, b)]
        assert np.abs(histograms[0] - histograms[1]).sum() < 0.05
