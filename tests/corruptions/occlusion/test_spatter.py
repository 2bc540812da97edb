"""Spatter: drops on the lens, added from severity to severity."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from robustbench_endo.corruptions.base import CorruptedBatch, scale_lengths
from robustbench_endo.corruptions.occlusion.spatter import Spatter
from robustbench_endo.corruptions.rng import Noise, image_key
from robustbench_endo.metrics import CleanReference

Similarity = Callable[[Tensor, Tensor], float]
Frames = Callable[..., Tensor]
IDS = [f"{i}.png" for i in range(8)]
SPATTER = Spatter()


def of_one_liquid(name: str) -> Spatter:
    shares = {liquid: float(liquid == name) for liquid in ("water", "mucus", "blood")}
    return Spatter(tuple(dataclasses.replace(params, **shares) for params in SPATTER.severities))


@pytest.fixture(scope="module")
def batches(scenes: Tensor) -> list[CorruptedBatch]:
    return [SPATTER(scenes, severity, IDS) for severity in range(1, 6)]


def test_spatter_changes_nothing_between_the_drops(
    scenes: Tensor, batches: list[CorruptedBatch], assert_opacity: Callable[..., None]
) -> None:
    for batch in batches:
        assert_opacity(batch, scenes, 0.05, 0.99)


def test_spatter_adds_drops_to_those_of_a_lower_severity(scenes: Tensor) -> None:
    hidden = [SPATTER(scenes[:2], severity, IDS[:2]).opacity for severity in (1, 1.5, 2, 3, 4, 5)]
    for fewer, more in itertools.pairwise(hidden):
        assert (more >= fewer - 1e-5).all()
        assert (more.mean((1, 2, 3)) > fewer.mean((1, 2, 3))).all()


def test_spatter_has_one_liquid_per_frame_at_all_severities() -> None:
    grey, ids = torch.full((1, 3, 64, 80), 0.5), [f"{i}" for i in range(40)]
    liquids = []
    for image_id in ids:
        casts = []
        for severity in (1, 3, 5):
            batch = SPATTER(grey, severity, [image_id], reference_size=None)
            colour = batch.images[0][:, batch.opacity[0, 0] > 0.9].mean(1)
            if colour.isfinite().all():
                casts.append(
                    "blood" if colour[0] > 3 * colour[1] else "mucus" if colour[0] > 1.1 * colour[2] else "water"
                )
        assert len(set(casts)) == 1
        liquids.append(casts[0])
    assert {liquid: liquids.count(liquid) > 2 for liquid in ("water", "mucus", "blood")} == dict.fromkeys(liquids, True)


def test_spatter_of_blood_is_red(scenes: Tensor) -> None:
    batch = of_one_liquid("blood")(scenes, 3, IDS)
    red, green, blue = (batch.images[:, channel][batch.opacity[:, 0] > 0.9].mean() for channel in range(3))
    assert red > 2 * green
    assert red > 2 * blue


def test_spatter_inverts_the_scene_in_a_drop_of_water() -> None:
    ramp = torch.linspace(0.2, 0.8, 256).expand(1, 3, 256, 256)
    single = dataclasses.replace(SPATTER.severities[0], drops=1.0, gloss=0.0, rim=0.0, water=1.0, mucus=0.0, blood=0.0)
    water = Spatter((single,) * 5)
    slopes = []
    for image_id in (str(i) for i in range(12)):
        batch = water(ramp, 1, [image_id])
        column = int(batch.opacity.flatten().argmax()) % 256
        weight = batch.opacity[0, 0] * (batch.opacity[0, 0] > 0.95)
        if weight.sum() < 300 or not 64 < column < 192:
            continue
        x = torch.linspace(0, 1, 256).expand(256, 256)
        value = batch.images[0, 0] - (batch.images[0, 0] * weight).sum() / weight.sum()
        slopes.append(float(((x - (x * weight).sum() / weight.sum()) * value * weight).sum()))
    assert len(slopes) >= 2
    assert max(slopes) < 0


def test_spatter_similarity_of_each_frame_falls(scenes: Tensor, batches: list[CorruptedBatch]) -> None:
    clean = CleanReference(scenes)
    for measure in (clean.ssim, clean.psnr):
        values = torch.stack([measure(batch.images) for batch in batches])
        assert (values.diff(dim=0) < 0).all()


@pytest.mark.parametrize("severity", [1, 3, 5])
def test_spatter_is_the_same_at_two_resolutions(severity: int, frames: Frames, mean_ssim: Similarity) -> None:
    large = F.interpolate(frames(1, 256, 320), scale_factor=2, mode="bilinear", align_corners=False)
    small = F.avg_pool2d(large, 2)
    fine, coarse = (SPATTER(images, severity, ["a"]).images for images in (large, small))
    assert abs(mean_ssim(small, F.avg_pool2d(fine, 2)) - mean_ssim(small, coarse)) < 0.05


@pytest.mark.parametrize("severity", [2, 5])
def test_spatter_in_plain_torch_agrees_with_compiled(
    severity: int, scenes: Tensor, request: pytest.FixtureRequest
) -> None:
    expected = SPATTER(scenes[:3], severity, IDS[:3])
    request.getfixturevalue("plain_torch")
    noise = Noise(tuple(image_key(0, name, "spatter") for name in IDS[:3]), scenes.device)
    batch = SPATTER.apply(scenes[:3], scale_lengths(SPATTER.severities[severity - 1], (256, 256), 256), noise)
    assert (batch.images.clamp(0, 1) - expected.images).abs().max() < 1 / 255


@pytest.mark.parametrize("severity", [1, 5])
@pytest.mark.parametrize("size", [(32, 32), (47, 65)])
@pytest.mark.parametrize("reference_size", [256, None])
def test_spatter_is_finite_on_uniform_frames(severity: int, size: tuple[int, int], reference_size: int | None) -> None:
    for level in (0.0, 1.0):
        batch = SPATTER(torch.full((1, 3, *size), level), severity, ["a"], reference_size=reference_size)
        assert batch.images.isfinite().all()
        assert batch.opacity.isfinite().all()
