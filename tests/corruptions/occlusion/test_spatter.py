"""Spatter: droplets, and the statistics of imagecorruptions."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from robustbench_endo.corruptions.base import CorruptedBatch, scale_lengths
from robustbench_endo.corruptions.occlusion.spatter import Spatter, SpatterParams
from robustbench_endo.corruptions.rng import Noise, image_key

Similarity = Callable[[Tensor, Tensor], float]
Frames = Callable[..., Tensor]
IDS = [f"{i}.png" for i in range(8)]
SPATTER = Spatter()
WATER = {"lit": 0.0, "defocus": 0.0, "reach": 20.0, "levels": 1, "cut": 0.8, "edge": 1.5}
MUD = {**WATER, "opaque": True, "red": 63 / 255, "green": 42 / 255, "blue": 20 / 255}
# The constants of imagecorruptions.
IMAGENET = Spatter(
    (
        dataclasses.replace(SpatterParams(0.65, 0.3, 4.0, 0.69, 0.6), **WATER),
        dataclasses.replace(SpatterParams(0.65, 0.3, 3.0, 0.68, 0.6), **WATER),
        dataclasses.replace(SpatterParams(0.65, 0.3, 2.0, 0.68, 0.5), **WATER),
        dataclasses.replace(SpatterParams(0.65, 0.3, 1.0, 0.65, 0.0), **MUD),
        dataclasses.replace(SpatterParams(0.67, 0.4, 1.0, 0.65, 0.0), **MUD),
    )
)


@pytest.fixture(scope="module")
def batches(scenes: Tensor) -> list[CorruptedBatch]:
    return [SPATTER(scenes, severity, IDS) for severity in range(1, 6)]


def test_spatter_changes_nothing_between_the_droplets(
    scenes: Tensor, batches: list[CorruptedBatch], assert_opacity: Callable[..., None]
) -> None:
    for batch in batches:
        assert_opacity(batch, scenes, 0.05, 0.99)


def test_spatter_coverage_grows_within_each_liquid(batches: list[CorruptedBatch]) -> None:
    covered = [float((batch.opacity > 0).float().mean()) for batch in batches]
    assert covered[0] < covered[1] < covered[2]
    assert covered[3] < covered[4]


def test_spatter_of_blood_is_red(batches: list[CorruptedBatch]) -> None:
    inside = batches[4].opacity[:, 0] > 0.9
    red, green, blue = (batches[4].images[:, channel][inside].mean() for channel in range(3))
    assert red > 2 * green
    assert red > 2 * blue


def test_spatter_mean_ssim_falls_strictly(scenes: Tensor, batches: list[CorruptedBatch], mean_ssim: Similarity) -> None:
    means = [1.0, *(mean_ssim(scenes, batch.images) for batch in batches)]
    assert all(later < earlier for earlier, later in itertools.pairwise(means))


@pytest.mark.parametrize("severity", [1, 3, 5])
def test_spatter_is_the_same_at_two_resolutions(severity: int, frames: Frames, mean_ssim: Similarity) -> None:
    large = F.interpolate(frames(1, 256, 320), scale_factor=2, mode="bilinear", align_corners=False)
    small = F.avg_pool2d(large, 2)
    fine, coarse = (SPATTER(images, severity, ["a"]).images for images in (large, small))
    assert abs(mean_ssim(small, F.avg_pool2d(fine, 2)) - mean_ssim(small, coarse)) < 0.05


@pytest.mark.parametrize(("severity", "tolerance"), [(1, 0.3), (2, 0.12), (3, 0.08), (4, 0.08), (5, 0.08)])
def test_spatter_has_the_statistics_of_imagecorruptions(severity: int, tolerance: float) -> None:
    package = pytest.importorskip("imagecorruptions", reason="imagecorruptions-imaug is not installed")
    grey = np.full((256, 256, 3), 100, np.uint8)
    np.random.seed(severity)  # noqa: NPY002 - the package draws from the global generator
    theirs = np.stack([package.corrupt(grey, corruption_name="spatter", severity=severity) for _ in range(16)])
    clean = torch.full((16, 3, 256, 256), 100 / 255)
    ours = IMAGENET(clean, severity, [str(i) for i in range(16)], reference_size=None).images.numpy() * 255
    for measure in (mean_change, covered_share):
        assert measure(ours) == pytest.approx(measure(theirs.astype(np.float64)), rel=tolerance)


def mean_change(images: NDArray[np.float64]) -> float:
    return float(images.mean() - 100.0)


def covered_share(images: NDArray[np.float64]) -> float:
    return float((np.abs(images - 100.0) > 1.5).mean())


@pytest.mark.parametrize("severity", [2, 5])
def test_spatter_in_plain_torch_agrees_with_compiled(
    severity: int, scenes: Tensor, request: pytest.FixtureRequest
) -> None:
    expected = SPATTER(scenes[:3], severity, IDS[:3])
    request.getfixturevalue("plain_torch")
    noise = Noise(tuple(image_key(0, name, "spatter") for name in IDS[:3]), scenes.device)
    batch = SPATTER.apply(scenes[:3], scale_lengths(SPATTER.severities[severity - 1], (256, 256), 256), noise)
    # Noise within rounding of the threshold may fall on either side of it: those few pixels are counted.
    assert ((batch.images.clamp(0, 1) - expected.images).abs() > 1 / 255).float().mean() <= 1e-4


@pytest.mark.parametrize("severity", [1, 3, 5])
@pytest.mark.parametrize("size", [(32, 32), (47, 65)])
@pytest.mark.parametrize("reference_size", [256, None])
def test_spatter_is_finite_on_uniform_frames(severity: int, size: tuple[int, int], reference_size: int | None) -> None:
    for level in (0.0, 1.0):
        batch = SPATTER(torch.full((1, 3, *size), level), severity, ["a"], reference_size=reference_size)
        assert batch.images.isfinite().all()
        assert batch.opacity.isfinite().all()
