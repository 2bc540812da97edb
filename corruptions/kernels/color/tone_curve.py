"""Curves that map each channel of an image by itself: interpolated tables for values, one table for 8-bit levels.

A curve is given at :data:`POSITIONS`, which contain the 256 levels; between them it is linear.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from robustbench_endo.corruptions.kernels.backend import Bytes, Doubles, Floats, from_planes, to_planes, use_numba
from robustbench_endo.corruptions.kernels.color import byte_table
from robustbench_endo.corruptions.kernels.compiled import njit
from robustbench_endo.corruptions.kernels.triton_support import use_triton

STEPS_PER_LEVEL = 16

_LAST = 255 * STEPS_PER_LEVEL

POSITIONS: Doubles = np.arange(_LAST + 1) / _LAST
"""Values in [0, 1] at which a curve is given: 16 per 8-bit level."""


def apply_curves(images: Tensor, curves: Tensor) -> Tensor:
    """Map every value of (B, C, H, W) in [0, 1] by the curve of its channel.

    Args:
        images: (B, C, H, W) in [0, 1].
        curves: float32 (B or 1, C or 1, n), the values at the n :data:`POSITIONS`, on the device of ``images``.
    """
    if not use_numba(images.device):
        return interpolate_tables(images, curves, _LAST, _LAST)
    tables = curves.expand(*images.shape[:2], -1)
    planes = to_planes(images)
    out = np.empty_like(planes)
    for plane, table, target in zip(planes, tables.reshape(len(planes), -1).numpy(), out, strict=True):
        _apply_curve(plane, table, target)
    return from_planes(out, images)


def interpolate_tables(values: Tensor, tables: Tensor, steps: float, limit: float) -> Tensor:
    """The tables of each channel, linear between their entries, on any device: in one pass where Triton runs.

    Args:
        values: (B, C, H, W).
        tables: float32 (B or 1, C or 1, n).
        steps: entries per unit of ``values``.
        limit: largest position in a table, at most n - 1; positions are clamped to [0, ``limit``].
    """
    if use_triton(values.device):
        from robustbench_endo.corruptions.kernels.color import tone_curve_triton

        return tone_curve_triton.interpolate_tables(values, tables, steps, limit)
    # In 32 bits and in place: this is where the most memory is needed.
    share = values.flatten(2).mul(steps).clamp_(0.0, limit)
    first = share.int().clamp_(max=tables.shape[2] - 2)
    share.sub_(first)
    starts = torch.arange(0, tables.numel(), tables.shape[2], dtype=torch.int32, device=values.device)
    first.add_(starts.view(*tables.shape[:2], 1))
    flat = tables.flatten()
    low, high = (flat[i:].index_select(0, first.flatten()).view_as(share) for i in (0, 1))
    return high.sub_(low).mul_(share).add_(low).view_as(values)


@njit(cache=True, nogil=True)
def _apply_curve(plane: Floats, table: Floats, out: Floats) -> None:
    following = table[1:]
    for y in range(plane.shape[0]):
        source, target = plane[y], out[y]
        for x in range(len(source)):
            position = source[x] * np.float32(_LAST)
            first = min(np.int32(position), np.int32(_LAST - 1))
            low = table[first]
            target[x] = low + (position - np.float32(first)) * (following[first] - low)


def level_tables(curves: Floats, stride: int = STEPS_PER_LEVEL) -> Bytes:
    """Every ``stride``-th value of curves (C, n), of which there are 256, rounded to levels: uint8 (C, 256)."""
    levels: Bytes = np.rint(np.clip(curves[:, ::stride], 0.0, 1.0) * np.float32(255)).astype(np.uint8)
    return levels


def look_up(frame: Bytes, tables: Bytes) -> Bytes:
    """Map the levels of an 8-bit image.

    Args:
        frame: uint8 (H, W, 3).
        tables: uint8 (1, 256) for all channels, or (3, 256).
    """
    source = np.ascontiguousarray(frame)
    out = np.empty_like(source)
    byte_table.look_up(np.ascontiguousarray(tables), source.reshape(-1), out.reshape(-1))
    return out
