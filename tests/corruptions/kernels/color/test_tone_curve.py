"""Curves of channels: numba against torch, and levels against values."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from robustbench_endo.corruptions.kernels.color.tone_curve import (
    POSITIONS,
    apply_curves,
    interpolate_tables,
    level_tables,
    look_up,
)


def test_apply_curves_agrees_with_torch_and_the_function() -> None:
    images = torch.rand(2, 3, 40, 50, generator=torch.Generator().manual_seed(0))
    images[:, :, 0, 0], images[:, :, 0, 1] = 0.0, 1.0
    curves = torch.from_numpy(np.stack([POSITIONS**2, np.sqrt(POSITIONS + 0.1), 1 - POSITIONS])).float()[None]
    mapped = apply_curves(images, curves)
    assert torch.equal(mapped, interpolate_tables(images, curves, 4080, 4080))
    expected = torch.stack((images[:, 0] ** 2, (images[:, 1] + 0.1).sqrt(), 1 - images[:, 2]), dim=1)
    assert torch.allclose(mapped, expected, atol=1e-5)


def test_level_tables_are_the_rounded_curve_at_every_level() -> None:
    curve = (0.05 + 0.9 * POSITIONS**1.7).astype(np.float32)[None]
    levels = np.arange(256, dtype=np.uint8).repeat(3).reshape(16, 16, 3)
    values = torch.from_numpy(levels).permute(2, 0, 1)[None].float() / 255
    mapped = apply_curves(values, torch.from_numpy(curve)[None])
    assert np.array_equal(look_up(levels, level_tables(curve)), (mapped[0] * 255).round().permute(1, 2, 0).numpy())


@pytest.mark.parametrize("shape", [(1, 1), (1, 3), (2, 1), (2, 3)])
def test_interpolate_tables_takes_tables_of_frames_and_channels(shape: tuple[int, int]) -> None:
    generator = torch.Generator().manual_seed(0)
    images, tables = torch.rand(2, 3, 7, 9, generator=generator), torch.rand(*shape, 4081, generator=generator)
    assert torch.equal(interpolate_tables(images, tables, 4080, 4080), apply_curves(images, tables))
    beyond = interpolate_tables(images * 4 - 2, tables, 4080, 4080)
    assert torch.equal(beyond, apply_curves((images * 4 - 2).clamp(0, 1), tables))
