"""Resampling against Pillow and torch, cells against their definition."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from robustbench_endo.corruptions.kernels.filters.pyramid_blur import at_reduced_scale
from robustbench_endo.corruptions.kernels.interpolation.interpolation_weights import area, at, bilinear, box, nearest
from robustbench_endo.corruptions.kernels.interpolation.mean_of_zooms import mean_of_layers
from robustbench_endo.corruptions.kernels.interpolation.pixelate import mosaic, mosaic_torch
from robustbench_endo.corruptions.kernels.interpolation.resample import resample, resample_torch
from robustbench_endo.corruptions.kernels.interpolation.residual_upsample import with_detail, with_detail_torch


def noise(*shape: int) -> Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize(("taps", "method"), [(box, Image.Resampling.BOX), (nearest, Image.Resampling.NEAREST)])
@pytest.mark.parametrize("count", [7, 20, 33, 50])
def test_box_and_nearest_are_those_of_pillow(taps, method: Image.Resampling, count: int) -> None:
    image = noise(1, 1, 50, 66)
    expected = np.asarray(Image.fromarray(image[0, 0].numpy()).resize((count, count), method))
    assert np.abs(resample(image, taps(50, count), taps(66, count))[0, 0].numpy() - expected).max() < 1e-6


@pytest.mark.parametrize("count", [5, 16, 31])
def test_area_is_the_mean_over_the_extent(count: int) -> None:
    image = noise(1, 1, 64, 48)
    fine = image.double().repeat_interleave(count, 2).repeat_interleave(count, 3)
    expected = torch.nn.functional.avg_pool2d(fine, (64, 48))
    assert torch.allclose(resample(image, area(64, count), area(48, count)).double(), expected, atol=1e-5)


@pytest.mark.parametrize("count", [3, 20, 101])
def test_bilinear_is_that_of_torch(count: int) -> None:
    image = noise(2, 3, 20, 33)
    expected = torch.nn.functional.interpolate(image, (count, count + 1), mode="bilinear", align_corners=False)
    assert torch.allclose(resample(image, bilinear(20, count), bilinear(33, count + 1)), expected, atol=1e-5)


@pytest.mark.parametrize("taps", [box, area, nearest, bilinear])
@pytest.mark.parametrize("count", [1, 9, 40, 64])
def test_torch_agrees_with_compiled(taps, count: int) -> None:
    image = noise(2, 3, 40, 51)
    axes = taps(40, count), taps(51, count)
    assert torch.allclose(resample(image, *axes), resample_torch(image, *axes), atol=1e-5)
    for axis in axes:
        assert np.allclose(axis.weights.sum(1), 1, atol=1e-6)


def test_mean_of_layers_is_their_mean() -> None:
    image = noise(1, 3, 40, 50)
    layers = tuple((at(np.arange(40) * z, 40), at(np.arange(50) * z, 50)) for z in (1.0, 0.9, 0.7))
    expected = torch.stack([resample(image, *layer) for layer in layers]).mean(0)
    assert torch.allclose(mean_of_layers(image, layers), expected, atol=1e-6)


def test_mosaic_is_box_then_nearest() -> None:
    image = noise(2, 3, 53, 40)
    expected = resample(resample(image, box(53, 11), box(40, 13)), nearest(11, 53), nearest(13, 40))
    assert torch.allclose(mosaic(image, 11, 13), expected, atol=1e-6)
    assert torch.allclose(mosaic_torch(image, 11, 13), expected, atol=1e-5)


def test_detail_below_the_threshold_is_lost_and_above_it_is_shortened() -> None:
    image = noise(1, 3, 40, 44)
    coarse = resample(image, area(40, 20), area(44, 22))
    smooth = resample(coarse, bilinear(20, 40), bilinear(22, 44))
    assert torch.allclose(with_detail(image, coarse, coarse, 0.0), image, atol=1e-6)
    assert torch.allclose(with_detail(image, coarse, coarse, 2.0), smooth, atol=1e-6)
    fine = image - smooth
    kept = fine.sign() * (fine.abs() - 0.1).clamp_min(0)
    assert torch.allclose(with_detail(image, coarse, coarse, 0.1), smooth + kept, atol=1e-5)
    assert torch.allclose(
        with_detail(image, coarse, 1 - coarse, 0.1), with_detail_torch(image, coarse, 1 - coarse, 0.1), atol=1e-5
    )


@pytest.mark.parametrize("border", ["nearest", "mirror"])
def test_reducing_and_enlarging_keeps_a_ramp_in_place(border: str) -> None:
    ramp = torch.linspace(0, 1, 61)[None, None, None].expand(1, 1, 50, 61).contiguous()
    back = at_reduced_scale(ramp, 3, 9, border, lambda coarse: coarse)
    assert torch.allclose(back[..., 4:-4], ramp[..., 4:-4], atol=1e-5)
