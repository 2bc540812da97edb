"""Resampling by two without look-ups: detected where it applies, with the same numbers."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from robustbench_endo.corruptions.kernels.interpolation.fast_resample import (
    DOUBLING,
    HALVING,
    IRREGULAR,
    find_stride,
)
from robustbench_endo.corruptions.kernels.interpolation.interpolation_weights import (
    InterpolationWeights,
    area_weights,
    bilinear_weights,
    linear_at,
)
from robustbench_endo.corruptions.kernels.interpolation.resample import resample

HALVED = linear_at(np.arange(20) * 2.0 + 0.5, 41)
KINDS = [
    (area_weights(40, 20), HALVING),
    (HALVED, HALVING),
    (bilinear_weights(20, 40), DOUBLING),
    (linear_at((np.arange(41) + 0.5) / 2 + 1.5, 30), DOUBLING),
    (area_weights(40, 15), IRREGULAR),
    (bilinear_weights(20, 33), IRREGULAR),
    (bilinear_weights(20, 20), IRREGULAR),
    (area_weights(40, 4), IRREGULAR),
    (bilinear_weights(2, 4), IRREGULAR),
]


@pytest.mark.parametrize(("weights", "kind"), KINDS)
def test_find_stride_detects_factors_of_two(weights: InterpolationWeights, kind: int) -> None:
    assert find_stride(weights.start, weights.weights).kind == kind


@pytest.mark.parametrize("weights", [weights for weights, _ in KINDS])
def test_add_resampled_is_a_matrix_product(weights: InterpolationWeights) -> None:
    images = torch.rand(1, 3, 5, weights.size, generator=torch.Generator().manual_seed(0))
    matrix = weights.matrix(images.device)
    assert torch.allclose(resample(images, bilinear_weights(5, 5), weights), images @ matrix.T, atol=1e-6)
