"""A veil drawn on a lattice before the frame: enlarged and laid over the scene in one pass."""

from __future__ import annotations

import numpy as np
import torch
from numba import njit
from torch import Tensor

from robustbench_endo.corruptions.kernels.backend import Floats, Indices, batch, compiled, planes
from robustbench_endo.corruptions.kernels.fluids.grid import Repeats, repeats, weighted, widen
from robustbench_endo.corruptions.kernels.interpolation.fast_resample import Starts
from robustbench_endo.corruptions.kernels.interpolation.interpolation_weights import Taps
from robustbench_endo.corruptions.kernels.interpolation.resample import resample_torch


def veil(images: Tensor, fields: Tensor, rows: Taps, columns: Taps) -> tuple[Tensor, Tensor]:
    """I = J (1 - cover) + shine. Px whose cover and shine are 0 keep their bits.

    Args:
        images: J, (B, 3, H, W).
        fields: (B, 4, h, w), (B, 5, h, w) or (B, 7, h, w) on a lattice: the opacity in [0, 1]; the cover, when it is
            another, of all channels or of red, green and blue; the shine of red, green and blue.
        rows: from h to H.
        columns: from w to W.

    Returns:
        I (B, 3, H, W), and the opacity (B, 1, H, W) in [0, 1].
    """
    if not compiled(images):
        return veil_torch(images, fields, rows, columns)
    stack = planes(images).reshape(*images.shape)
    layers = planes(fields).reshape(*fields.shape)
    result, opacity = np.empty_like(stack), np.empty((len(stack), *stack.shape[-2:]), np.float32)
    across = (columns.short_start, columns.by_tap, repeats(columns))
    _veil(stack, layers, rows.start, rows.weights, *across, result, opacity)
    return batch(result.reshape(-1, *stack.shape[-2:]), images), torch.from_numpy(opacity)[:, None]


def veil_torch(images: Tensor, fields: Tensor, rows: Taps, columns: Taps) -> tuple[Tensor, Tensor]:
    """:func:`veil` on any device."""
    full = resample_torch(fields, rows, columns)
    cover = full[:, 1:-3] if full.shape[1] > 4 else full[:, :1]
    return images - images * cover + full[:, -3:], full[:, :1].clamp(0.0, 1.0)


@njit(cache=True, nogil=True)
def _veil(
    images: Floats,
    layers: Floats,
    row_start: Indices,
    row_weights: Floats,
    column_start: Starts,
    column_weights: Floats,
    stride: Repeats,
    result: Floats,
    opacity: Floats,
) -> None:
    count, fields, width = len(layers), layers.shape[1], images.shape[3]
    rings = np.empty((fields, row_weights.shape[1], width), np.float32)
    lines = np.empty((fields, width), np.float32)
    for b in range(count):
        ready = 0
        for y in range(images.shape[2]):
            start = row_start[y]
            for field in range(fields):
                done = widen(layers[b, field], ready, start, column_start, column_weights, stride, rings[field])
                weighted(rings[field], start, row_weights[y], lines[field])
            ready = done
            for x in range(width):
                opacity[b, y, x] = min(max(lines[0, x], np.float32(0.0)), np.float32(1.0))
            for c in range(3):
                _lay(images[b, c, y], lines[min(1 + c, fields - 4)], lines[fields - 3 + c], result[b, c, y])


@njit(cache=True, nogil=True, inline="always")
def _lay(scene: Floats, cover: Floats, shine: Floats, target: Floats) -> None:
    for x in range(len(target)):
        target[x] = scene[x] - scene[x] * cover[x] + shine[x]
