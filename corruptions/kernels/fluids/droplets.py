"""Drops and runs of fluid: rounded caps with winding tails.

A trail is a row of ten float32 numbers: head row, head column, direction (down, across), length, head radius, tail
radius, amplitude of its winding, number of windings, phase. Lengths are in nodes of the coarse grid.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from robustbench_endo.corruptions.kernels.backend import Floats, use_numba
from robustbench_endo.corruptions.kernels.compiled import njit
from robustbench_endo.corruptions.kernels.triton_support import use_triton


def trail_heights(trails: Tensor, warp: Tensor) -> Tensor:
    """Height of the union of trails, in nodes; 0 where there is none.

    Each cross-section is a parabola, its radius times 1 - (d / radius)^2; heights add by their squares, which keeps the
    union smooth.

    Args:
        trails: (B, K, 10) float32, see the module.
        warp: (B, 2, h, w), displacement (down, across) of each node, which makes the outlines irregular.

    Returns:
        (B, 1, h, w) >= 0.
    """
    if use_triton(warp.device):
        from robustbench_endo.corruptions.kernels.fluids import droplets_triton

        return droplets_triton.trail_heights(trails, warp)
    if not use_numba(warp.device):
        return trail_heights_torch(trails, warp)
    out = np.zeros((len(warp), 1, *warp.shape[-2:]), np.float32)
    _trail_heights(trails.contiguous().numpy(), warp.contiguous().numpy(), out)
    return torch.from_numpy(out)


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
    fraction = (behind / length).clamp(0.0, 1.0)
    turn = fraction * windings + phase
    wave = (turn - turn.floor()) * 2.0 - 1.0
    aside = aside - swing * fraction * 4.0 * wave * (1.0 - wave.abs())
    behind = behind - fraction * length
    rest = 1.0 - fraction
    radius = tail + (head - tail) * rest * rest * rest
    cap = 1.0 - (behind * behind + aside * aside) / (radius * radius)
    return (radius * cap.clamp(min=0.0)).square()


@njit(cache=True, nogil=True)
def _trail_heights(trails: Floats, warp: Floats, out: Floats) -> None:
    zero, one, two, four = np.float32(0.0), np.float32(1.0), np.float32(2.0), np.float32(4.0)
    height, width = out.shape[2:]
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
                    fraction = min(max(behind / length, zero), one)
                    turn = fraction * windings + phase
                    wave = (turn - np.floor(turn)) * two - one
                    aside -= swing * fraction * four * wave * (one - abs(wave))
                    behind -= fraction * length
                    rest = one - fraction
                    radius = tail + (head - tail) * rest * rest * rest
                    cap = one - (behind * behind + aside * aside) / (radius * radius)
                    if cap > zero:
                        rise = radius * cap
                        out[b, 0, i, j] += rise * rise
        for i in range(height):
            for j in range(width):
                out[b, 0, i, j] = np.sqrt(out[b, 0, i, j])
