"""Bleeding: coverage, colour and the law of absorption."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from robustbench_endo.corruptions.base import CorruptedBatch, scale_lengths
from robustbench_endo.corruptions.kernels.fluids.grid import coarse_brightness
from robustbench_endo.corruptions.kernels.fluids.optics import beer_lambert
from robustbench_endo.corruptions.occlusion import bleeding
from robustbench_endo.corruptions.occlusion.bleeding import (
    Bleeding,
    blood_thickness,
    drop_layer,
    metal_share,
    runs,
)
from robustbench_endo.corruptions.rng import Noise, image_key

Similarity = Callable[[Tensor, Tensor], float]
Frames = Callable[..., Tensor]
IDS = [f"{i}.png" for i in range(8)]
BLEEDING = Bleeding()


@pytest.fixture(scope="module")
def batches(scenes: Tensor) -> list[CorruptedBatch]:
    return [BLEEDING(scenes, severity, IDS) for severity in range(1, 6)]


def test_bleeding_changes_nothing_where_there_is_no_blood(
    scenes: Tensor, batches: list[CorruptedBatch], assert_opacity: Callable[..., None]
) -> None:
    for batch in batches:
        assert_opacity(batch, scenes, 0.02, 0.999)


def test_bleeding_coverage_is_that_of_the_parameters(batches: list[CorruptedBatch]) -> None:
    covered = torch.stack([(batch.opacity > 0).float().mean((1, 2, 3)) for batch in batches])
    expected = torch.tensor([params.coverage for params in BLEEDING.severities])
    assert (covered.diff(dim=0) > 0).all()
    assert torch.allclose(covered.mean(1), expected, atol=0.02)


def test_bleeding_is_red(batches: list[CorruptedBatch]) -> None:
    for batch in batches:
        thick = batch.opacity[:, 0] > 0.6
        red, green, blue = (batch.images[:, channel][thick] for channel in range(3))
        assert (red > green).float().mean() > 0.95
        assert (red > blue).float().mean() > 0.95
        assert red.mean() > 3 * green.mean()


def test_bleeding_without_reflection_is_beer_lambert(scenes: Tensor) -> None:
    bare = dataclasses.replace(BLEEDING.severities[2], drops=0.0, scatter=0.0, gloss=0.0, rim=0.0)
    batch = Bleeding((bare,) * 5)(scenes[:1], 3, IDS[:1])
    noise = Noise((image_key(0, IDS[0], "bleeding"),), scenes.device)
    brightness = coarse_brightness(scenes[:1], (256, 256))
    metal, dry = metal_share(scenes[:1], (256, 256)), torch.zeros_like(brightness)
    layer = blood_thickness(brightness, metal, dry, bare, noise).double()
    expected = torch.cat(
        [
            scenes[:1, channel : channel + 1] * torch.exp(-absorption * layer)
            for channel, absorption in enumerate((bare.red, bare.green, bare.blue))
        ],
        dim=1,
    )
    assert (layer > 0).any()
    assert (batch.images - expected).abs().max() < 1e-5


def test_bleeding_film_is_translucent_and_pool_is_not() -> None:
    field, light = torch.ones(1, 1, 32, 32), torch.zeros(1, 2, 32, 32)
    params = BLEEDING.severities[0]
    absorption = (params.red, params.green, params.blue)
    film, pool = (
        beer_lambert(field * depth, field, light, absorption, (0.0, 0.0, 0.0)) for depth in (1.0, params.depth)
    )
    assert film[:, 1].max() < 0.2
    assert film[:, 2].min() > 0.4
    assert pool[:, 2:4].min() > 0.99
    assert film[:, 0].max() < 0.5 < 0.8 < pool[:, 0].min()


def test_bleeding_mean_ssim_falls_strictly(
    scenes: Tensor, batches: list[CorruptedBatch], mean_ssim: Similarity
) -> None:
    means = [1.0, *(mean_ssim(scenes, batch.images) for batch in batches)]
    assert all(later < earlier for earlier, later in itertools.pairwise(means))


@pytest.mark.parametrize("severity", [1, 3, 5])
def test_bleeding_is_the_same_at_two_resolutions(severity: int, frames: Frames, mean_ssim: Similarity) -> None:
    large = F.interpolate(frames(1, 256, 320), scale_factor=2, mode="bilinear", align_corners=False)
    small = F.avg_pool2d(large, 2)
    fine, coarse = (BLEEDING(images, severity, ["a"]) for images in (large, small))
    assert abs(mean_ssim(small, F.avg_pool2d(fine.images, 2)) - mean_ssim(small, coarse.images)) < 0.05
    assert (F.avg_pool2d(fine.opacity, 2) - coarse.opacity).abs().mean() < 0.02


def test_blood_thickness_keeps_its_noise_in_a_longer_frame() -> None:
    noise = Noise((image_key(0, "a", "bleeding"),), torch.device("cpu"))
    params = BLEEDING.severities[4]
    fields = (torch.full((1, 1, 256, side), 0.5) for side in (320, 321))
    exact, longer = (blood_thickness(field, field * 0.0, field * 0.0, params, noise) for field in fields)
    both = torch.stack((exact.flatten(), longer[..., :320].flatten()))
    assert torch.corrcoef(both)[0, 1] > 0.95


def test_bleeding_in_plain_torch_agrees_with_compiled(scenes: Tensor, request: pytest.FixtureRequest) -> None:
    expected = BLEEDING(scenes[:3], 4, IDS[:3])
    request.getfixturevalue("plain_torch")
    noise = Noise(tuple(image_key(0, name, "bleeding") for name in IDS[:3]), scenes.device)
    batch = BLEEDING.apply(scenes[:3], scale_lengths(BLEEDING.severities[3], (256, 256), 256), noise)
    # A pixel at the very shore may fall on either side of it: those few are counted, not measured.
    apart = (batch.images.clamp(0, 1) - expected.images).abs()
    assert (apart > 1e-4).float().mean() < 1e-3
    assert apart.max() < 0.02


@pytest.mark.parametrize("severity", [1, 5])
@pytest.mark.parametrize("size", [(32, 32), (47, 65), (256, 300)])
@pytest.mark.parametrize("level", [0.0, 1.0])
def test_bleeding_is_finite_on_uniform_frames(level: float, size: tuple[int, int], severity: int) -> None:
    batch = BLEEDING(torch.full((1, 3, *size), level), severity, ["a"], reference_size=256)
    assert batch.images.isfinite().all()
    assert batch.opacity.isfinite().all()


def test_bleeding_leaves_metal_mostly_free() -> None:
    frame = torch.tensor([0.6, 0.25, 0.2])[:, None, None].expand(3, 128, 128).clone()
    frame[:, 40:80] = 0.75
    opacity = BLEEDING(frame.expand(6, -1, -1, -1), 3, IDS[:6]).opacity[:, 0]
    tissue = torch.cat((opacity[:, :36], opacity[:, 84:]), dim=1)
    assert opacity[:, 44:76].mean() < 0.5 * tissue.mean()


def test_bleeding_film_keeps_red() -> None:
    params, field = BLEEDING.severities[0], torch.ones(1, 1, 8, 8)
    absorption = (params.red, params.green, params.blue)
    film = beer_lambert(field, field, torch.zeros(1, 2, 8, 8), absorption, (0.0, 0.0, 0.0))
    assert film[:, 1].max() < 0.25 * film[:, 2:4].min()


def test_runs_of_a_severity_are_among_those_of_the_next() -> None:
    noise = Noise((image_key(0, "a", "bleeding"),), torch.device("cpu"))
    fewer, more = BLEEDING.severities[1], BLEEDING.severities[2]
    first, second = (runs((256, 256), params, noise, torch.tensor([[1.0, 0.0]])) for params in (fewer, more))
    assert torch.equal(first, second[:, : fewer.runs])


def test_bleeding_runs_lengthen_the_shore() -> None:
    params = dataclasses.replace(BLEEDING.severities[2], coverage=0.05, drops=0.0, pool=400.0)
    noise = Noise(tuple(image_key(0, name, "bleeding") for name in IDS), torch.device("cpu"))
    field = torch.full((len(IDS), 1, 256, 256), 0.5)
    thickness = {
        runs: blood_thickness(field, field * 0, field * 0, dataclasses.replace(params, runs=runs), noise)
        for runs in (1, 6)
    }
    # The same area is longer and thinner with more runs.
    shore = {runs: (layer > 0).float().diff(dim=-1).abs().sum() for runs, layer in thickness.items()}
    assert shore[6] > 1.2 * shore[1]


def test_bleeding_prefers_folds_and_leaves_highlights() -> None:
    noise = Noise(tuple(image_key(0, name, "bleeding") for name in IDS), torch.device("cpu"))
    brightness = torch.full((len(IDS), 1, 256, 256), 0.5)
    for row in range(16, 256, 64):
        brightness[..., row : row + 8, :] = 0.2
        brightness[..., row + 32 : row + 40, :] = 0.9
    wet = blood_thickness(brightness, brightness * 0, brightness * 0, BLEEDING.severities[2], noise) > 0
    fold = torch.stack([wet[..., row + 2 : row + 6, :] for row in range(16, 256, 64)]).float().mean()
    highlight = torch.stack([wet[..., row + 34 : row + 38, :] for row in range(16, 256, 64)]).float().mean()
    assert fold > 2 * wet.float().mean() > 4 * highlight


def test_bleeding_pools_have_the_colour_of_real_blood() -> None:
    # Medians of blood in EndoVis 2015, OP3, over tissue of (0.62, 0.38, 0.28): 0.30, 0.07, 0.05.
    params, field = BLEEDING.severities[2], torch.ones(1, 1, 8, 8)
    tissue = torch.tensor([0.62, 0.38, 0.28])[None, :, None, None]
    light = torch.cat((field * 0.65, field * 0.0), dim=1)
    pool = beer_lambert(
        field * 0.7 * params.depth, field, light, (params.red, params.green, params.blue), bleeding._BODY
    )
    colour = (tissue * (1 - pool[:, 1:4]) + pool[:, 4:])[0, :, 0, 0]
    assert colour == pytest.approx(torch.tensor([0.30, 0.06, 0.045]), abs=0.06)


def test_bleeding_drops_on_the_lens_are_soft_and_added_with_severity(scenes: Tensor) -> None:
    noise = Noise((image_key(0, "a", "bleeding"),), torch.device("cpu"))
    hidden = [drop_layer(scenes[:1], (256, 256), params, noise)[:, :1] for params in BLEEDING.severities]
    for fewer, more in itertools.pairwise(hidden):
        assert (more >= fewer - 1e-5).all()
    assert hidden[-1].mean() > hidden[0].mean() > 0
    assert hidden[-1].diff(dim=-1).abs().max() < 0.25
