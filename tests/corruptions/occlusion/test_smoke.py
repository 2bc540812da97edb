"""Smoke: the scattering model, its order in severity, and its independence of the resolution."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from robustbench_endo.corruptions.base import CorruptedBatch, scale_lengths
from robustbench_endo.corruptions.occlusion.smoke import Smoke
from robustbench_endo.corruptions.rng import Noise, image_key

Frames = Callable[..., Tensor]
Similarity = Callable[[Tensor, Tensor], float]
SEVERITIES = (1, 2, 3, 4, 5)
IDS = [f"{i}.png" for i in range(8)]


@pytest.fixture(scope="module")
def clean(frames: Frames) -> Tensor:
    return frames(8, 256, 272).clamp_min(0.1)


def test_smoke_transmission_colour_and_structure_fall_with_severity(clean: Tensor, mean_ssim: Similarity) -> None:
    batches = [Smoke()(clean, severity, IDS) for severity in SEVERITIES]
    transmission = [float(1 - batch.opacity.mean()) for batch in batches]
    colour = [float(saturation(images).mean()) for images in (clean, *(batch.images for batch in batches))]
    structure = [1.0, *(mean_ssim(clean, batch.images) for batch in batches)]
    for falling in (transmission, colour, structure):
        assert falling == sorted(set(falling), reverse=True)
    assert transmission[0] > 0.7
    assert transmission[-1] < 0.3


@pytest.mark.parametrize("severity", SEVERITIES)
def test_smoke_follows_the_scattering_model(severity: int) -> None:
    # Two grey levels under the same smoke give t and A; a third must follow from them.
    dark, light, between = (torch.full((1, 3, 128, 160), level) for level in (0.2, 0.8, 0.5))
    corrupted = {level: Smoke()(image, severity, ["a"]) for level, image in ((2, dark), (8, light), (5, between))}
    transmission = (corrupted[8].images - corrupted[2].images) / 0.6
    opacity = corrupted[5].opacity
    assert torch.allclose(transmission, (1 - opacity).expand(1, 3, 128, 160), atol=1e-5)
    airlight = (corrupted[2].images - 0.2 * transmission) / opacity.clamp_min(1e-3)
    expected = between * transmission + airlight * opacity
    dense = (opacity > 1e-3).expand_as(expected)
    assert torch.allclose(corrupted[5].images[dense], expected[dense], atol=1e-5)
    assert 0 <= airlight[dense].min() <= airlight[dense].max() <= 1.01


def test_smoke_airlight_is_the_light_of_the_scope() -> None:
    batch = Smoke()(torch.full((1, 3, 128, 160), 0.2), 5, ["a"])
    airlight = (batch.images - 0.2 * (1 - batch.opacity)) / batch.opacity
    red, _, blue = airlight.mean((0, 2, 3))
    assert blue > red
    corners = torch.cat([airlight[..., rows, :][..., columns].flatten() for rows in ENDS for columns in ENDS])
    assert airlight[..., 48:80, 64:96].mean() > 1.2 * corners.mean()


ENDS = (slice(None, 16), slice(-16, None))


def test_smoke_opacity_is_zero_where_the_image_is_unchanged(clean: Tensor) -> None:
    circular = clean[:1].clone()
    y, x = torch.meshgrid(torch.arange(256) - 127.5, torch.arange(272) - 135.5, indexing="ij")
    circular[..., (y * y + x * x) > 125**2] = 0.0
    batch = Smoke()(circular, 3, ["a"])
    assert 0 <= batch.opacity.min() <= batch.opacity.max() <= 1
    untouched = (batch.opacity == 0).expand_as(circular)
    assert torch.equal(batch.images[untouched], circular[untouched])
    assert batch.opacity[..., :16, :16].max() < 1e-3
    assert batch.opacity[..., 100:156, 100:172].min() > 0


def test_smoke_is_uneven_and_differs_between_frames() -> None:
    opacity = Smoke()(torch.full((2, 3, 128, 160), 0.4), 3, ["a", "b"]).opacity
    assert opacity.std((-2, -1)).min() > 0.08
    assert (opacity[0] - opacity[1]).abs().mean() > 0.08


@pytest.mark.parametrize("severity", [1, 3, 5])
def test_smoke_is_the_same_at_two_resolutions(severity: int, clean: Tensor, mean_ssim: Similarity) -> None:
    large = F.interpolate(clean[:1], scale_factor=2, mode="bilinear", align_corners=False)
    small = F.avg_pool2d(large, 2)
    on_small, on_large = (Smoke()(images, severity, ["a"]) for images in (small, large))
    reduced = F.avg_pool2d(on_large.images, 2)
    assert abs(mean_ssim(small, on_small.images) - mean_ssim(small, reduced)) < 0.05
    assert (on_small.opacity - F.avg_pool2d(on_large.opacity, 2)).abs().max() < 0.05


@pytest.mark.parametrize("severity", [1, 5])
def test_smoke_is_finite_on_extreme_frames(severity: int) -> None:
    for images in (torch.zeros(1, 3, 48, 64), torch.ones(1, 3, 47, 65), torch.full((1, 3, 32, 32), 0.5)):
        batch = Smoke()(images, severity, ["a"])
        assert batch.images.isfinite().all()
        assert batch.opacity.isfinite().all()


def saturation(images: Tensor) -> Tensor:
    high = images.amax(1)
    return (high - images.amin(1)) / high.clamp_min(1e-6)


def test_smoke_in_plain_torch_agrees_with_compiled(request: pytest.FixtureRequest) -> None:
    images = torch.rand(3, 3, 96, 128, generator=torch.Generator().manual_seed(0))
    smoke = Smoke()
    items = smoke(images, 4, ["a", "b", "c"])
    keys = tuple(image_key(0, name, "smoke", 4) for name in "abc")
    request.getfixturevalue("plain_torch")
    params = scale_lengths(smoke.severities[3], (96, 128), 256)
    batch = smoke.apply(images, params, Noise(keys, images.device))
    assert isinstance(batch, CorruptedBatch)
    assert (batch.images - items.images).abs().max() < 1e-4
    assert (batch.opacity - items.opacity).abs().max() < 1e-4
