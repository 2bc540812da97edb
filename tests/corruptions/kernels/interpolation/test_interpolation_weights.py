"""Weights along an axis against Pillow, torch and their definition."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from robustbench_endo.corruptions.blur.zoom_blur import ZoomBlur
from robustbench_endo.corruptions.kernels.interpolation import interpolation_weights
from robustbench_endo.corruptions.kernels.interpolation.interpolation_weights import (
    InterpolationWeights,
    area_weights,
    bilinear_weights,
    box_weights,
    nearest_weights,
)
from robustbench_endo.corruptions.kernels.interpolation.resample import resample

Weights = Callable[[int, int], InterpolationWeights]


def random(*shape: int) -> Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize(
    ("weights", "method"), [(box_weights, Image.Resampling.BOX), (nearest_weights, Image.Resampling.NEAREST)]
)
@pytest.mark.parametrize("count", [7, 20, 33, 50])
def test_box_and_nearest_weights_are_those_of_pillow(weights: Weights, method: Image.Resampling, count: int) -> None:
    image = random(1, 1, 50, 66)
    expected = np.asarray(Image.fromarray(image[0, 0].numpy()).resize((count, count), method))
    assert np.abs(resample(image, weights(50, count), weights(66, count))[0, 0].numpy() - expected).max() < 1e-6


@pytest.mark.parametrize("count", [5, 16, 31])
def test_area_weights_are_the_mean_over_the_extent(count: int) -> None:
    image = random(1, 1, 64, 48)
    fine = image.double().repeat_interleave(count, 2).repeat_interleave(count, 3)
    expected = torch.nn.functional.avg_pool2d(fine, (64, 48))
    resampled = resample(image, area_weights(64, count), area_weights(48, count))
    assert torch.allclose(resampled.double(), expected, atol=1e-5)


@pytest.mark.parametrize("count", [3, 20, 101])
def test_bilinear_weights_are_those_of_torch(count: int) -> None:
    image = random(2, 3, 20, 33)
    expected = torch.nn.functional.interpolate(image, (count, count + 1), mode="bilinear", align_corners=False)
    resampled = resample(image, bilinear_weights(20, count), bilinear_weights(33, count + 1))
    assert torch.allclose(resampled, expected, atol=1e-5)


@pytest.mark.parametrize("weights", [box_weights, area_weights, nearest_weights, bilinear_weights])
@pytest.mark.parametrize("count", [1, 9, 40, 64])
def test_weights_of_each_output_pixel_sum_to_one(weights: Weights, count: int) -> None:
    for axis in (weights(40, count), weights(51, count)):
        assert len(axis) == count
        assert np.allclose(axis.weights.sum(1), 1, atol=1e-6)


def test_matrix_is_cached_unless_it_is_large() -> None:
    cpu = torch.device("cpu")
    small, large = bilinear_weights(40, 50), nearest_weights(1025, 1024)
    assert small.matrix(cpu) is small.matrix(cpu)
    assert large.matrix(cpu) is not large.matrix(cpu)
    assert torch.equal(large.matrix(cpu), large.matrix(cpu))
    assert large.matrix(cpu).sum(1).eq(1).all()


@pytest.mark.parametrize("weights", [area_weights, bilinear_weights])
def test_large_matrix_is_the_small_one(weights: Weights, monkeypatch: pytest.MonkeyPatch) -> None:
    axis = weights(50, 23)
    small = axis.matrix(torch.device("cpu"))
    monkeypatch.setattr(interpolation_weights, "_LARGEST_CACHED", 0)
    assert torch.equal(axis.matrix(torch.device("cpu")), small)


def test_matrices_of_the_strongest_zoom_blur_stay_on_the_device(plain_torch: None) -> None:
    images = random(1, 3, 32, 40)
    misses = []
    for _ in range(2):
        ZoomBlur()(images, 5, ["a"])
        misses.append(interpolation_weights._cached_matrix.cache_info().misses)
    assert misses[0] == misses[1]


def test_weights_copy_only_where_every_pixel_is_its_own() -> None:
    assert nearest_weights(30, 30).copies
    assert area_weights(30, 30).copies == (area_weights(30, 30).taps == 1)
    assert not nearest_weights(30, 29).copies
    assert not bilinear_weights(30, 30).copies
    half = InterpolationWeights(np.arange(4), np.full((4, 1), 0.5, np.float32), 4)
    assert not half.copies
