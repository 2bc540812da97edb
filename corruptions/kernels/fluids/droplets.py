"""Drops and runs of fluid: rounded caps drawn out into winding tails."""

from __future__ import annotations

import numpy as np
import torch
from numba import njit
from torch import Tensor

from robustbench_endo.corruptions.kernels.backend import Floats, compiled
from robustbench_endo.corruptions.kernels.triton_support import fused

FIELDS = 10
"""Numbers a trail: head row, head column, direction (down, across), length, head radius, tail radius, swing of its
winding, windings, phase; lengths in lattice pixels."""


def trail_heights(trails: Tensor, warp: Tensor) -> Tensor:
    """The height of the trails' union, in lattice pixels; 0 where there is none.

    Each cross-section is a parabola 1 - (d / r)^2 high by its radius; heights add by their squares, which keeps the
    union smooth.

    Args:
        trails: (B, K, FIELDS) float32.
        warp: (B, 2, h, w): how far each point is moved (down, across) first, which makes the outlines irregular.

    Returns:
        (B, 1, h, w) >= 0.
    """
    if fused(warp.device):
        from robustbench_endo.corruptions.kernels.fluids import droplets_triton

        return droplets_triton.trail_heights(trails, warp)
    if not compiled(warp):
        return trail_heights_torch(trails, warp)
    result = np.zeros((len(warp), 1, *warp.shape[-2:]), np.float32)
    _trail_heights(trails.contiguous().numpy(), warp.contiguous().numpy(), result)
    return torch.from_numpy(result)


def trail_heights_torch(trails: Tensor, warp: Tensor) -> Tensor:
    """:func:`trail_heights` on any device."""
    height, width = warp.shape[-2:]
    y = torch.arange(height, device=warp.device, dtype=torch.float32)[:, None] + warp[:, :1]
    x = torch.arange(width, device=warp.device, dtype=torch.float32) + warp[:, 1:]
    total = torch.zeros_like(y)
    for trail in trails.unbind(1):
        total += _squared_height(y, x, trail[..., None, None, None].unbind(1))
    return total.sqrt()


def _squared_height(y: Tensor, x: Tensor, trail: tuple[Tensor, ...]) -> Tensor:
    row, column, down, across, length, head, tail, swing, windings, phase = trail
    behind = (row - y) * down + (column - x) * across
    aside = (y - row) * across - (x - column) * down
    share = (behind / length).clamp(0.0, 1.0)
    turn = share * windings + phase
    wave = (turn - turn.floor()) * 2.0 - 1.0
    aside = aside - swing * share * 4.0 * wave * (1.0 - wave.abs())
    behind = behind - share * length
    rest = 1.0 - share
    radius = tail + (head - tail) * rest * rest * rest
    cap = 1.0 - (behind * behind + aside * aside) / (radius * radius)
    return (radius * cap.clamp(min=0.0)).square()


@njit(cache=True, nogil=True)
def _trail_heights(trails: Floats, warp: Floats, result: Floats) -> None:
    one, two, four = np.float32(1.0), np.float32(2.0), np.float32(4.0)
    zero = np.float32(0.0)
    height, width = result.shape[2:]
    for b in range(len(trails)):
        margin = np.abs(warp[b]).max()
        for k in range(trails.shape[1]):
            row, column, down, across, length, head, tail, swing, windings, phase = trails[b, k]
            reach = max(head, tail) + abs(swing) + margin + two
            far_row, far_column = row - down * length, column - across * length
            top = max(int(min(row, far_row) - reach), 0)
            bottom = min(int(max(row, far_row) + reach) + 1, height)
            left = max(int(min(column, far_column) - reach), 0)
            right = min(int(max(column, far_column) + reach) + 1, width)
            for i in range(top, bottom):
                for j in range(left, right):
                    y, x = np.float32(i) + warp[b, 0, i, j], np.float32(j) + warp[b, 1, i, j]
                    behind = (row - y) * down + (column - x) * across
                    aside = (y - row) * across - (x - column) * down
                    share = min(max(behind / length, zero), one)
                    turn = share * windings + phase
                    wave = (turn - np.floor(turn)) * two - one
                    aside -= swing * share * four * wave * (one - abs(wave))
                    behind -= share * length
                    rest = one - share
                    radius = tail + (head - tail) * rest * rest * rest
                    cap = one - (behind * behind + aside * aside) / (radius * radius)
                    if cap > zero:
                        rise = radius * cap
                        result[b, 0, i, j] += rise * rise
        for i in range(height):
            for j in range(width):
                result[b, 0, i, j] = np.sqrt(result[b, 0, i, j])
