"""Spatter: droplets, and the statistics of the reference package."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from scipy.ndimage import distance_transform_edt
from torch import Tensor

from robustbench_endo.corruptions.base import CorruptedBatch, scaled
from robustbench_endo.corruptions.kernels.fluids.relief import distance, distance_torch, equalised, outline
from robustbench_endo.corruptions.occlusion.spatter import Params, Spatter, liquid_layer
from robustbench_endo.corruptions.rng import Noise, image_key

Similarity = Callable[[Tensor, Tensor], float]
Frames = Callable[..., Tensor]
IDS = [f"{i}.png" for i in range(8)]
SPATTER = Spatter()
WATER = {"lit": 0.0, "defocus": 0.0, "reach": 20.0, "levels": 1, "cut": 0.8, "edge": 1.5}
MUD = {**WATER, "opaque": True, "red": 63 / 255, "green": 42 / 255, "blue": 20 / 255}
# The constants of the reference package.
IMAGENET = Spatter(
    (
        dataclasses.replace(Params(0.65, 0.3, 4.0, 0.69, 0.6), **WATER),
        dataclasses.replace(Params(0.65, 0.3, 3.0, 0.68, 0.6), **WATER),
        dataclasses.replace(Params(0.65, 0.3, 2.0, 0.68, 0.5), **WATER),
        dataclasses.replace(Params(0.65, 0.3, 1.0, 0.65, 0.0), **MUD),
        dataclasses.replace(Params(0.67, 0.4, 1.0, 0.65, 0.0), **MUD),
    )
)


@pytest.fixture(scope="module")
def damages(scenes: Tensor) -> list[CorruptedBatch]:
    return [SPATTER(scenes, severity, IDS) for severity in range(1, 6)]


def opacity_of(damage: CorruptedBatch) -> Tensor:
    assert damage.opacity is not None
    return damage.opacity


def test_nothing_changes_between_the_droplets(scenes: Tensor, damages: list[CorruptedBatch]) -> None:
    for damage in damages:
        opacity = opacity_of(damage)
        assert opacity.shape == (8, 1, 256, 256)
        assert 0.0 == opacity.min() < opacity.max() <= 1.0
        bare = (opacity == 0).expand_as(scenes)
        assert torch.equal(damage.images[bare], scenes[bare])
        changed = (damage.images != scenes).any(1, keepdim=True)
        assert changed[opacity > 0.05].float().mean() > 0.99


def test_coverage_grows_within_each_liquid(damages: list[CorruptedBatch]) -> None:
    covered = [float((opacity_of(damage) > 0).float().mean()) for damage in damages]
    assert covered[0] < covered[1] < covered[2]
    assert covered[3] < covered[4]


def test_blood_is_red(damages: list[CorruptedBatch]) -> None:
    inside = opacity_of(damages[4])[:, 0] > 0.9
    red, green, blue = (damages[4].images[:, channel][inside].mean() for channel in range(3))
    assert red > 2 * green
    assert red > 2 * blue


def test_mean_ssim_falls_strictly(scenes: Tensor, damages: list[CorruptedBatch], mean_ssim: Similarity) -> None:
    means = [1.0, *(mean_ssim(scenes, damage.images) for damage in damages)]
    assert all(later < earlier for earlier, later in itertools.pairwise(means))


@pytest.mark.parametrize("severity", [1, 3, 5])
def test_same_damage_at_two_resolutions(severity: int, frames: Frames, mean_ssim: Similarity) -> None:
    large = F.interpolate(frames(1, 256, 320), scale_factor=2, mode="bilinear", align_corners=False)
    small = F.avg_pool2d(large, 2)
    fine, coarse = (SPATTER(picture, severity, ["a"]).images for picture in (large, small))
    assert abs(mean_ssim(small, F.avg_pool2d(fine, 2)) - mean_ssim(small, coarse)) < 0.05


@pytest.mark.parametrize(("severity", "tolerance"), [(1, 0.3), (2, 0.12), (3, 0.08), (4, 0.08), (5, 0.08)])
def test_statistics_of_the_reference_package(severity: int, tolerance: float) -> None:
    package = pytest.importorskip("imagecorruptions", reason="imagecorruptions-imaug is not installed")
    grey = np.full((256, 256, 3), 100, np.uint8)
    np.random.seed(severity)  # noqa: NPY002 - the reference draws from the global generator
    theirs = np.stack([package.corrupt(grey, corruption_name="spatter", severity=severity) for _ in range(16)])
    clean = torch.full((16, 3, 256, 256), 100 / 255)
    ours = IMAGENET(clean, severity, [str(i) for i in range(16)], reference_size=None).images.numpy() * 255
    for measure in (mean_change, covered_share):
        assert measure(ours) == pytest.approx(measure(theirs.astype(np.float64)), rel=tolerance)


def mean_change(pictures: np.ndarray) -> float:
    return float(pictures.mean() - 100.0)


def covered_share(pictures: np.ndarray) -> float:
    return float((np.abs(pictures - 100.0) > 1.5).mean())


def test_distance_is_the_exact_one_cut_off() -> None:
    marked = torch.rand(2, 1, 61, 83, generator=torch.Generator().manual_seed(0)) > 0.995
    expected = np.stack([distance_transform_edt(~plane) for plane in marked[:, 0].numpy()]).clip(max=20)
    for function in (distance, distance_torch):
        assert np.allclose(function(marked, 20)[:, 0].numpy(), expected, atol=1e-5)


def test_distance_without_a_mark_is_the_reach() -> None:
    assert (distance(torch.zeros(1, 1, 32, 40, dtype=torch.bool), 7) == 7).all()
    assert (distance_torch(torch.zeros(1, 1, 32, 40, dtype=torch.bool), 7) == 7).all()


@pytest.mark.parametrize("sigma", [2.0, 4.0])
def test_outline_is_that_of_opencv(sigma: float) -> None:
    cv2 = pytest.importorskip("cv2", reason="opencv-python is not installed")
    noise = Noise((7,), torch.device("cpu"))
    liquid = liquid_layer((128, 160), Params(0.65, 0.3, sigma, 0.68, 0.6), noise)
    level = (liquid * 255).floor()
    expected = cv2.Canny(level[0, 0].numpy().astype(np.uint8), 50, 150) > 0
    assert expected.any()
    # Their second, lower threshold adds a few pixels that hang on to an edge.
    assert (outline(level)[0, 0].numpy() != expected).sum() <= 0.02 * expected.sum()


def test_equalised_levels_by_hand() -> None:
    levels = torch.tensor([0, 0, 1, 2]).reshape(1, 1, 2, 2)
    assert torch.equal(equalised(levels, 4).flatten(), torch.tensor([0.0, 0.0, 0.5, 1.0]))
    assert (equalised(torch.full((1, 1, 4, 4), 3), 4) == 0).all()


@pytest.mark.parametrize("severity", [2, 5])
def test_plain_torch_agrees(severity: int, scenes: Tensor, request: pytest.FixtureRequest) -> None:
    expected = SPATTER(scenes[:3], severity, IDS[:3])
    request.getfixturevalue("plain_torch")
    noise = Noise(tuple(image_key(0, name, "spatter", severity) for name in IDS[:3]), scenes.device)
    damage = SPATTER.apply(scenes[:3], scaled(SPATTER.severities[severity - 1], (256, 256), 256), noise)
    # Noise within rounding of the threshold may fall on either side of it: those few pixels are counted.
    assert ((damage.images.clamp(0, 1) - expected.images).abs() > 1 / 255).float().mean() <= 1e-4


@pytest.mark.parametrize("severity", [1, 3, 5])
@pytest.mark.parametrize("size", [(32, 32), (47, 65)])
@pytest.mark.parametrize("reference_size", [256, None])
def test_finite_on_even_frames(severity: int, size: tuple[int, int], reference_size: int | None) -> None:
    for level in (0.0, 1.0):
        damage = SPATTER(torch.full((1, 3, *size), level), severity, ["a"], reference_size=reference_size)
        assert damage.images.isfinite().all()
        assert opacity_of(damage).isfinite().all()
