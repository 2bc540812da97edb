"""The noise category against the reference package (imagecorruptions-imaug) at its constants, and grain."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from robustbench_endo.corruptions import load_suite
from robustbench_endo.corruptions.noise.gaussian_noise import GaussianNoise
from robustbench_endo.corruptions.noise.impulse_noise import ImpulseNoise
from robustbench_endo.corruptions.noise.shot_noise import ShotNoise
from robustbench_endo.corruptions.noise.speckle_noise import SpeckleNoise

NOISES = (GaussianNoise(), ShotNoise(), ImpulseNoise(), SpeckleNoise())


def by_name(corruption: object) -> str:
    return corruption.name


@pytest.mark.parametrize("severity", [1, 3, 5])
@pytest.mark.parametrize("corruption", NOISES, ids=by_name)
def test_reference_package_at_its_constants(
    corruption: GaussianNoise, severity: int, frames: Callable[..., Tensor]
) -> None:
    reference_size = pytest.importorskip(
        "imagecorruptions.corruptions", reason="extra `imagecorruptions` is not installed"
    )
    images = frames(1, 256, 256)
    frame = (images[0].permute(1, 2, 0) * 255).round().byte().numpy()
    np.random.seed(0)  # noqa: NPY002 - the package draws from numpy's global generator
    own_seed = {"seed": 0} if corruption.name == "impulse_noise" else {}
    theirs = getattr(reference_size, corruption.name)(frame, severity, **own_seed)
    damaged = load_suite("imagenet-c").corrupt(images, corruption.name, severity, ["a"]).images
    ours = damaged[0].permute(1, 2, 0).double().numpy() * 255
    standard_error = (theirs - frame).std() * (2 / ours.size) ** 0.5
    assert ours.mean() == pytest.approx(theirs.mean(), abs=5 * standard_error)
    assert (ours - frame).std() == pytest.approx((theirs - frame).std(), rel=0.03)
    for channel in range(3):
        assert histogram_distance(ours[..., channel], theirs[..., channel]) < 0.01
    assert power_ratio(ours - frame, theirs - frame) == pytest.approx(np.ones(8), abs=0.1)


def histogram_distance(a: np.ndarray, b: np.ndarray) -> float:
    """Kolmogorov distance over 32 bins whose edges fall between the levels."""
    cumulative = [np.histogram(x, bins=32, range=(-0.3, 255.7))[0].cumsum() / x.size for x in (a, b)]
    return float(np.abs(cumulative[0] - cumulative[1]).max())


def power_ratio(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Ratio of the noise power in 8 rings of spatial frequency."""
    rings = []
    for noise in (a, b):
        power = (np.abs(np.fft.fft2(noise - noise.mean((0, 1)), axes=(0, 1))) ** 2).sum(-1)
        frequency = np.hypot(*np.meshgrid(*(np.fft.fftfreq(side) for side in power.shape), indexing="ij"))
        ring = np.minimum((frequency * 16).astype(int), 7)
        rings.append(np.bincount(ring.ravel(), power.ravel(), minlength=8))
    return rings[0] / rings[1]


@pytest.mark.parametrize("corruption", NOISES, ids=by_name)
def test_grain_grows_with_the_image(corruption: GaussianNoise) -> None:
    damaged = corruption(torch.full((1, 3, 512, 512), 0.5), 2, ["a"]).images
    cells = damaged.reshape(1, 3, 256, 2, 256, 2)
    assert torch.equal(cells.amax((3, 5)), cells.amin((3, 5)))
    native = corruption(torch.full((1, 3, 512, 512), 0.5), 2, ["a"], reference_size=None).images
    assert not torch.equal(native[..., ::2], native[..., 1::2])


def test_gaussian_noise_has_the_std_it_names() -> None:
    damaged = GaussianNoise()(torch.full((1, 3, 256, 256), 0.5), 1, ["a"]).images
    assert float(damaged.std()) == pytest.approx(0.08, rel=0.01)


def test_speckle_spares_black_and_scales_with_brightness() -> None:
    images = torch.zeros(1, 3, 256, 256)
    images[..., 128:] = 0.4
    damaged = SpeckleNoise()(images, 1, ["a"]).images
    assert damaged[..., :128].max() == 0
    assert float(damaged[..., 128:].std()) == pytest.approx(0.15 * 0.4, rel=0.01)


def test_shot_noise_counts_whole_photons_with_poisson_variance() -> None:
    damaged = ShotNoise()(torch.full((1, 3, 256, 256), 0.3), 2, ["a"]).images
    photons = damaged * 25
    assert torch.allclose(photons, photons.round(), atol=1e-4)
    assert float(photons.var()) == pytest.approx(7.5, rel=0.03)


def test_impulse_noise_makes_as_much_salt_as_pepper_in_each_channel() -> None:
    damaged = ImpulseNoise()(torch.full((1, 3, 256, 256), 0.5), 5, ["a"]).images[0]
    for channel in damaged:
        assert float((channel == 0).float().mean()) == pytest.approx(0.135, abs=0.008)
        assert float((channel == 1).float().mean()) == pytest.approx(0.135, abs=0.008)
    assert not torch.equal(damaged[0], damaged[1])
