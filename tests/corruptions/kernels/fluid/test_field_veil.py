"""A veil from a lattice: both forms, the formula, and what it leaves alone."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from robustbench_endo.corruptions.kernels.fluids.composite import veil, veil_torch
from robustbench_endo.corruptions.kernels.fluids.grid import enlarge, frame_taps
from robustbench_endo.corruptions.kernels.interpolation.resample import resample_torch

SIZES = [(40, 56), (80, 112), (97, 131), (160, 224), (33, 32)]


def drawn(*shape: int) -> Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("channels", [4, 5, 7])
def test_it_is_its_formula_on_enlarged_fields(channels: int, size: tuple[int, int]) -> None:
    images, fields = drawn(2, 3, *size), drawn(2, channels, 40, 56)
    taps = frame_taps(fields.shape, size)
    full = resample_torch(fields, *taps)
    expected = images * (1 - (full[:, 1:-3] if channels > 4 else full[:, :1])) + full[:, -3:]
    for function in (veil, veil_torch):
        seen, opacity = function(images, fields, *taps)
        assert torch.allclose(seen, expected, atol=1e-5)
        assert torch.allclose(opacity, full[:, :1], atol=1e-5)


@pytest.mark.parametrize("size", SIZES)
def test_bare_pixels_keep_their_bits(size: tuple[int, int]) -> None:
    images, fields = drawn(1, 3, *size), torch.zeros(1, 7, 40, 56)
    for function in (veil, veil_torch):
        seen, opacity = function(images, fields, *frame_taps(fields.shape, size))
        assert torch.equal(seen, images)
        assert opacity.max() == 0


@pytest.mark.parametrize("size", SIZES)
def test_enlarging_is_resampling(size: tuple[int, int]) -> None:
    fields = drawn(2, 3, 40, 56)
    taps = frame_taps(fields.shape, size)
    assert torch.allclose(enlarge(fields, *taps), resample_torch(fields, *taps), atol=1e-5)
