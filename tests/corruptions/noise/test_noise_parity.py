"""The noise category against imagecorruptions at its constants (suite imagenet-c), and grain."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from robustbench_endo.corruptions import Corruption, load_suite
from robustbench_endo.corruptions.noise import GaussianNoise, ImpulseNoise, ShotNoise, SpeckleNoise

each_noise = pytest.mark.parametrize(
    "corruption", [GaussianNoise(), ShotNoise(), ImpulseNoise(), SpeckleNoise()], ids=lambda item: item.name
)


@pytest.mark.parametrize("severity", [1, 3, 5])
@each_noise
def test_noise_has_the_statistics_of_imagecorruptions(
    corruption: Corruption, severity: int, frames: Callable[..., Tensor]
) -> None:
    package = pytest.importorskip("imagecorruptions.corruptions", reason="extra `imagecorruptions` is not installed")
    images = frames(1, 256, 256)
    frame = (images[0].permute(1, 2, 0) * 255).round().byte().numpy()
    np.random.seed(0)  # noqa: NPY002 - the package draws from numpy's global generator
    options = {"seed": 0} if corruption.name == "impulse_noise" else {}
    theirs = getattr(package, corruption.name)(frame, severity, **options)
    corrupted = load_suite("imagenet-c").corrupt(images, corruption.name, severity, ["a"]).images
    ours = corrupted[0].permute(1, 2, 0).double().numpy() * 255
    standard_error = (theirs - frame).std() * (2 / ours.size) ** 0.5
    assert ours.mean() == pytest.approx(theirs.mean(), abs=5 * standard_error)
    assert (ours - frame).std() == pytest.approx((theirs - frame).std(), rel=0.03)
    for channel in range(3):
        assert kolmogorov_distance(ours[..., channel], theirs[..., channel]) < 0.01
    assert power_ratio(ours - frame, theirs - frame) == pytest.approx(np.ones(8), abs=0.1)


def kolmogorov_distance(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """Kolmogorov distance over 32 bins whose edges fall between the levels."""
    cumulative = [np.histogram(x, bins=32, range=(-0.3, 255.7))[0].cumsum() / x.size for x in (a, b)]
    return float(np.abs(cumulative[0] - cumulative[1]).max())


def power_ratio(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """Ratio of the noise power in 8 rings of spatial frequency."""
    rings = []
    for noise in (a, b):
        power = (np.abs(np.fft.fft2(noise - noise.mean((0, 1)), axes=(0, 1))) ** 2).sum(-1)
        frequency = np.hypot(*np.meshgrid(*(np.fft.fftfreq(side) for side in power.shape), indexing="ij"))
        ring = np.minimum((frequency * 16).astype(int), 7)
        rings.append(np.bincount(ring.ravel(), power.ravel(), minlength=8))
    return rings[0] / rings[1]


@each_noise
def test_noise_grain_grows_with_the_image(corruption: Corruption) -> None:
    corrupted = corruption(torch.full((1, 3, 512, 512), 0.5), 2, ["a"]).images
    cells = corrupted.reshape(1, 3, 256, 2, 256, 2)
    assert torch.equal(cells.amax((3, 5)), cells.amin((3, 5)))
    native = corruption(torch.full((1, 3, 512, 512), 0.5), 2, ["a"], reference_size=None).images
    assert not torch.equal(native[..., ::2], native[..., 1::2])
