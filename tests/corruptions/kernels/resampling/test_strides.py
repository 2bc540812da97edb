"""Resampling by two without look-ups: got where it is one, and the same numbers."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from robustbench_endo.corruptions.kernels.interpolation.fast_resample import DOUBLING, HALVING, NONE
from robustbench_endo.corruptions.kernels.interpolation.interpolation_weights import Taps, area, at, bilinear
from robustbench_endo.corruptions.kernels.interpolation.resample import resample

HALVED = at(np.arange(20) * 2.0 + 0.5, 41)
KINDS = [
    (area(40, 20), HALVING),
    (HALVED, HALVING),
    (bilinear(20, 40), DOUBLING),
    (at((np.arange(41) + 0.5) / 2 + 1.5, 30), DOUBLING),
    (area(40, 15), NONE),
    (bilinear(20, 33), NONE),
    (bilinear(20, 20), NONE),
    (area(40, 4), NONE),
    (bilinear(2, 4), NONE),
]


@pytest.mark.parametrize(("taps", "kind"), KINDS)
def test_kind(taps: Taps, kind: int) -> None:
    assert taps.stride.kind == kind


@pytest.mark.parametrize("taps", [taps for taps, _ in KINDS])
def test_the_same_as_a_matrix_product(taps: Taps) -> None:
    images = torch.rand(1, 3, 5, taps.size, generator=torch.Generator().manual_seed(0))
    matrix = taps.matrix(images.device)
    assert torch.allclose(resample(images, bilinear(5, 5), taps), images @ matrix.T, atol=1e-6)
