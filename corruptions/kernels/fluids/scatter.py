"""Scattering by a medium on a coarse grid: its transmission and light are enlarged and blended in one pass."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from robustbench_endo.corruptions.kernels.backend import Floats, from_planes, to_planes, use_numba
from robustbench_endo.corruptions.kernels.compiled import njit
from robustbench_endo.corruptions.kernels.fluids.upsample_rows import upsample_row
from robustbench_endo.corruptions.kernels.interpolation.fast_resample import WeightArrays
from robustbench_endo.corruptions.kernels.interpolation.interpolation_weights import InterpolationWeights
from robustbench_endo.corruptions.kernels.interpolation.resample import resample_torch


def scatter(
    images: Tensor, medium: Tensor, colour: Tensor, rows: InterpolationWeights, columns: InterpolationWeights
) -> tuple[Tensor, Tensor]:
    """I = J + (light colour - J) cover. Pixels whose cover is 0 are bit-identical to the input.

    Args:
        images: J, (B, 3, H, W).
        medium: (B, 4, h, w) on a coarse grid: the cover 1 - t of red, green and blue, and the brightness of the light.
        colour: (B, 3), of the light.
        rows: weights from h to H.
        columns: weights from w to W.

    Returns:
        I (B, 3, H, W), and the cover of green (B, 1, H, W) in [0, 1], which is the closest to that of the luminance.
    """
    if not use_numba(images.device):
        return scatter_torch(images, medium, colour, rows, columns)
    planes, fields = (to_planes(tensor).reshape(*tensor.shape) for tensor in (images, medium))
    out, opacity = np.empty_like(planes), np.empty((len(planes), *planes.shape[-2:]), np.float32)
    _scatter(planes, fields, colour.numpy(), rows.arrays, columns.arrays, out, opacity)
    return from_planes(out.reshape(-1, *planes.shape[-2:]), images), torch.from_numpy(opacity)[:, None]


def scatter_torch(
    images: Tensor, medium: Tensor, colour: Tensor, rows: InterpolationWeights, columns: InterpolationWeights
) -> tuple[Tensor, Tensor]:
    """:func:`scatter` on any device."""
    full = resample_torch(medium, rows, columns)
    cover, light = full[:, :3], full[:, 3:]
    return torch.lerp(images, light * colour[:, :, None, None], cover), cover[:, 1:2].clamp(0.0, 1.0)


@njit(cache=True, nogil=True)
def _scatter(
    images: Floats,
    medium: Floats,
    colour: Floats,
    rows: WeightArrays,
    columns: WeightArrays,
    out: Floats,
    opacity: Floats,
) -> None:
    count, _, height, width = images.shape
    rings = np.empty((4, rows.weights.shape[1], width), np.float32)
    lines = np.empty((4, width), np.float32)
    for b in range(count):
        ready = np.zeros(4, np.int64)
        for y in range(height):
            for i in range(4):
                ready[i] = upsample_row(medium[b, i], ready[i], rows, columns, y, rings[i], lines[i])
            for x in range(width):
                opacity[b, y, x] = min(max(lines[1, x], np.float32(0.0)), np.float32(1.0))
            for c in range(3):
                _blend(images[b, c, y], lines[c], lines[3], colour[b, c], out[b, c, y])


@njit(cache=True, nogil=True, inline="always")
def _blend(scene: Floats, cover: Floats, light: Floats, colour: float, target: Floats) -> None:
    for x in range(len(target)):
        target[x] = scene[x] + (light[x] * colour - scene[x]) * cover[x]
