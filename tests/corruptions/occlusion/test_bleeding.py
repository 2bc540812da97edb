"""Blood: how much, what colour, by which law."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from robustbench_endo.corruptions.base import CorruptedBatch, scaled
from robustbench_endo.corruptions.kernels.fluids.grid import brightness, lattice_size, to_frame
from robustbench_endo.corruptions.kernels.fluids.optics import absorb, absorb_torch, wet_surface, wet_surface_torch
from robustbench_endo.corruptions.occlusion.bleeding import Bleeding, thickness
from robustbench_endo.corruptions.rng import Noise, image_key

Similarity = Callable[[Tensor, Tensor], float]
Frames = Callable[..., Tensor]
IDS = [f"{i}.png" for i in range(8)]
BLEEDING = Bleeding()


@pytest.fixture(scope="module")
def damages(scenes: Tensor) -> list[CorruptedBatch]:
    return [BLEEDING(scenes, severity, IDS) for severity in range(1, 6)]


def opacity_of(damage: CorruptedBatch) -> Tensor:
    assert damage.opacity is not None
    return damage.opacity


def test_nothing_changes_where_there_is_no_blood(scenes: Tensor, damages: list[CorruptedBatch]) -> None:
    for damage in damages:
        opacity = opacity_of(damage)
        assert opacity.shape == (8, 1, 256, 256)
        assert 0.0 == opacity.min() < opacity.max() <= 1.0
        bare = (opacity == 0).expand_as(scenes)
        assert torch.equal(damage.images[bare], scenes[bare])
        changed = (damage.images != scenes).any(1, keepdim=True)
        assert (changed[opacity > 0.02]).float().mean() > 0.999


def test_coverage_is_what_the_severity_says(damages: list[CorruptedBatch]) -> None:
    covered = torch.stack([(opacity_of(damage) > 0).float().mean((1, 2, 3)) for damage in damages])
    asked = torch.tensor([params.coverage for params in BLEEDING.severities])
    assert (covered.diff(dim=0) > 0).all()
    assert torch.allclose(covered.mean(1), asked, atol=0.02)


def test_blood_is_red(damages: list[CorruptedBatch]) -> None:
    for damage in damages:
        thick = opacity_of(damage)[:, 0] > 0.6
        red, green, blue = (damage.images[:, channel][thick] for channel in range(3))
        assert (red > green).float().mean() > 0.95
        assert (red > blue).float().mean() > 0.95
        assert red.mean() > 3 * green.mean()


def test_beer_lambert_by_hand(scenes: Tensor) -> None:
    bare = dataclasses.replace(BLEEDING.severities[2], scatter=0.0, gloss=0.0, rim=0.0)
    damage = Bleeding((bare,) * 5)(scenes[:1], 3, IDS[:1])
    noise = Noise((image_key(0, IDS[0], "bleeding", 3),), scenes.device)
    layer = thickness(brightness(scenes[:1], (256, 256)), bare, noise).double()
    expected = torch.cat(
        [
            scenes[:1, channel : channel + 1] * torch.exp(-absorption * layer)
            for channel, absorption in enumerate((bare.red, bare.green, bare.blue))
        ],
        dim=1,
    )
    assert (layer > 0).any()
    assert (damage.images - expected).abs().max() < 1e-5


def test_a_film_is_translucent_and_a_pool_is_not() -> None:
    field, glow = torch.ones(1, 1, 32, 32), torch.zeros(1, 2, 32, 32)
    params = BLEEDING.severities[0]
    absorption = (params.red, params.green, params.blue)
    film, pool = (absorb(field * depth, field, glow, absorption, (0.0, 0.0, 0.0)) for depth in (1.0, params.depth))
    assert film[:, 1].max() < 0.2
    assert film[:, 2].min() > 0.4
    assert pool[:, 2:4].min() > 0.99
    assert film[:, 0].max() < 0.5 < 0.9 < pool[:, 0].min()


def test_mean_ssim_falls_strictly(scenes: Tensor, damages: list[CorruptedBatch], mean_ssim: Similarity) -> None:
    means = [1.0, *(mean_ssim(scenes, damage.images) for damage in damages)]
    assert all(later < earlier for earlier, later in itertools.pairwise(means))


@pytest.mark.parametrize("severity", [1, 3, 5])
def test_same_damage_at_two_resolutions(severity: int, frames: Frames, mean_ssim: Similarity) -> None:
    large = F.interpolate(frames(1, 256, 320), scale_factor=2, mode="bilinear", align_corners=False)
    small = F.avg_pool2d(large, 2)
    fine, coarse = (BLEEDING(picture, severity, ["a"]) for picture in (large, small))
    assert abs(mean_ssim(small, F.avg_pool2d(fine.images, 2)) - mean_ssim(small, coarse.images)) < 0.05
    assert (F.avg_pool2d(opacity_of(fine), 2) - opacity_of(coarse)).abs().mean() < 0.02


def test_the_shape_of_the_frame_does_not_reshuffle_the_noise() -> None:
    noise = Noise((image_key(0, "a", "bleeding", 5),), torch.device("cpu"))
    params = BLEEDING.severities[4]
    exact, longer = (thickness(torch.full((1, 1, 256, side), 0.5), params, noise) for side in (320, 321))
    both = torch.stack((exact.flatten(), longer[..., :320].flatten()))
    assert torch.corrcoef(both)[0, 1] > 0.95


def test_plain_torch_agrees(scenes: Tensor, request: pytest.FixtureRequest) -> None:
    expected = BLEEDING(scenes[:3], 4, IDS[:3])
    request.getfixturevalue("plain_torch")
    noise = Noise(tuple(image_key(0, name, "bleeding", 4) for name in IDS[:3]), scenes.device)
    damage = BLEEDING.apply(scenes[:3], scaled(BLEEDING.severities[3], (256, 256), 256), noise)
    # A pixel at the very shore may fall on either side of it: those few are counted, not measured.
    apart = (damage.images.clamp(0, 1) - expected.images).abs()
    assert (apart > 1e-4).float().mean() < 1e-3
    assert apart.max() < 0.02


def test_absorption_agrees_between_kernels() -> None:
    share = torch.linspace(0, 1, 128 * 128).reshape(1, 1, 128, 128).repeat(2, 1, 1, 1)
    arguments = (share * 20, 1 - 0.3 * share, torch.cat((share, share), 1), (0.1, 0.7, 0.6), (0.3, 0.02, 0.02))
    assert (absorb(*arguments) - absorb_torch(*arguments)).abs().max() < 1e-5


def test_surface_agrees_between_kernels() -> None:
    layer, ripples = torch.randn(2, 2, 1, 48, 61, generator=torch.Generator().manual_seed(0))
    compiled, plain = (function(layer.clamp(min=0.0), ripples, 0.5) for function in (wet_surface, wet_surface_torch))
    # The power of 256 in the highlight multiplies a rounding by as much.
    assert (compiled - plain).abs().max() < 1e-4
    assert 0 <= compiled.min() < 0.5 < compiled.max() <= 1
    assert (compiled[:, :, layer[0, 0] < 0][0] == 0).all()


@pytest.mark.parametrize("severity", [1, 5])
@pytest.mark.parametrize("size", [(32, 32), (47, 65), (256, 300)])
@pytest.mark.parametrize("level", [0.0, 1.0])
def test_finite_on_even_frames(level: float, size: tuple[int, int], severity: int) -> None:
    damage = BLEEDING(torch.full((1, 3, *size), level), severity, ["a"], reference_size=256)
    assert damage.images.isfinite().all()
    assert opacity_of(damage).isfinite().all()


def test_lattice_is_independent_of_the_resolution() -> None:
    assert lattice_size((512, 640), 2.0) == lattice_size((1024, 1280), 4.0) == (256, 320)
    assert to_frame(torch.rand(1, 1, 256, 320), (256, 320)).shape == (1, 1, 256, 320)
