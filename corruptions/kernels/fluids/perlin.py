"""Fractal gradient noise: a smooth random field known at any real position, not only on a grid of pixels."""

from __future__ import annotations

import math

import numpy as np
import torch
from numba import njit
from numpy.typing import NDArray
from torch import Tensor

from robustbench_endo.corruptions.kernels.backend import Floats, compiled
from robustbench_endo.corruptions.kernels.triton_support import fused

# Sixteen directions, cosines rounded to 1/1024 so that they are the same numbers everywhere.
_TURNS = np.round(np.cos(np.arange(16) * (np.pi / 8)) * 1024) / 1024
_DIRECTIONS = np.stack((_TURNS, np.roll(_TURNS, 4)), axis=1).astype(np.float32)
_UNIT = 4.7  # brings one octave to a standard deviation of 1
_SHIFT = np.float32(17.371)  # octaves must not share their lattice points, where every octave is 0


def fractal_noise(x: Tensor, y: Tensor, uniform: Tensor, octaves: int, gain: float = 0.5) -> Tensor:
    """Fractal sum of gradient noise (Perlin, "Improving noise", SIGGRAPH 2002), about mean 0 and variance 1.

    Args:
        x: float32 (B, H, W), position in units of the largest cell.
        y: the same, the other axis.
        uniform: (B, 256), uniform numbers that decide the field; their order is its hash table.
        octaves: each one twice as fine as the one before.
        gain: amplitude of an octave relative to the one before.

    Returns:
        float32 (B, H, W).
    """
    table = torch.argsort(uniform, dim=1, stable=True)
    if fused(x.device):
        from robustbench_endo.corruptions.kernels.fluids import perlin_triton as field_noise_triton

        slopes, heights = (torch.from_numpy(item).to(x.device) for item in (_DIRECTIONS, _amplitudes(octaves, gain)))
        return field_noise_triton.fractal_noise(x, y, table, slopes, heights, float(_SHIFT))
    if not compiled(x):
        return fractal_noise_torch(x, y, table, octaves, gain)
    result = np.empty(x.shape, np.float32)
    columns, rows = (item.expand(x.shape).contiguous().numpy() for item in (x, y))
    turned = _DIRECTIONS.T[:, table.numpy() & 15]  # of the entries of each table
    _fractal(columns, rows, table.numpy(), turned, _amplitudes(octaves, gain), result)
    return torch.from_numpy(result)


def fractal_noise_torch(x: Tensor, y: Tensor, table: Tensor, octaves: int, gain: float = 0.5) -> Tensor:
    """:func:`fractal_noise` on any device; ``table`` int64 (B, 256) is a permutation an image."""
    directions = torch.from_numpy(_DIRECTIONS).to(x.device)
    own = 256 * torch.arange(len(table), dtype=torch.int32, device=x.device)[:, None, None]  # where its table starts
    tables = table.int().flatten()
    total = torch.zeros_like(x)
    for octave, amplitude in enumerate(_amplitudes(octaves, gain)):
        frequency, shift = float(2**octave), float(_SHIFT * np.float32(octave))
        height = _octave(x * frequency + shift, y * frequency + shift, tables, own, directions)
        total.add_(height, alpha=float(amplitude))
    return total


def _amplitudes(octaves: int, gain: float) -> Floats:
    relative = gain ** np.arange(octaves)
    return (relative * (_UNIT / math.sqrt((relative**2).sum()))).astype(np.float32)


def _octave(x: Tensor, y: Tensor, tables: Tensor, own: Tensor, directions: Tensor) -> Tensor:
    """One octave at ``x``, ``y``, whose memory it uses up."""
    column, row = x.floor().int(), y.floor().int()
    u, v = x.sub_(column), y.sub_(row)
    hashes = [tables[((column + right) & 255) + own] + row for right in (0, 1)]
    cosines, sines = directions.unbind(1)

    def height(right: int, below: int) -> Tensor:
        turn = tables[((hashes[right] + below) & 255) + own] & 15
        return (cosines[turn] * (u - right)).addcmul_(sines[turn], v - below)

    upper = torch.lerp(height(0, 0), height(1, 0), _fade(u))
    lower = torch.lerp(height(0, 1), height(1, 1), _fade(u))
    return torch.lerp(upper, lower, _fade(v))


def _fade(t: Tensor) -> Tensor:
    return t * t * t * (t * (t * 6.0 - 15.0) + 10.0)


@njit(cache=True, nogil=True)
def _fractal(
    x: Floats, y: Floats, table: NDArray[np.int64], slopes: Floats, amplitudes: Floats, result: Floats
) -> None:
    for b in range(len(x)):
        for i in range(x.shape[1]):
            result[b, i] = np.float32(0.0)
            frequency, shift = np.float32(1.0), np.float32(0.0)
            for amplitude in amplitudes:
                _add_octave(x[b, i], y[b, i], frequency, shift, amplitude, table[b], slopes[:, b], result[b, i])
                frequency *= np.float32(2.0)
                shift += _SHIFT


@njit(cache=True, nogil=True)
def _add_octave(
    x: Floats,
    y: Floats,
    frequency: np.float32,
    shift: np.float32,
    amplitude: np.float32,
    table: NDArray[np.int64],
    slopes: Floats,
    result: Floats,
) -> None:
    one = np.float32(1.0)
    cosines, sines = slopes[0], slopes[1]
    for j in range(len(x)):
        right, down = x[j] * frequency + shift, y[j] * frequency + shift
        column, row = np.floor(right), np.floor(down)
        u, v = right - column, down - row
        first, second = table[int(column) & 255] + int(row), table[(int(column) + 1) & 255] + int(row)
        a, b, c, d = first & 255, second & 255, (first + 1) & 255, (second + 1) & 255
        top_left = cosines[a] * u + sines[a] * v
        top_right = cosines[b] * (u - one) + sines[b] * v
        low_left = cosines[c] * u + sines[c] * (v - one)
        low_right = cosines[d] * (u - one) + sines[d] * (v - one)
        across, fall = _faded(u), _faded(v)
        upper = top_left + across * (top_right - top_left)
        lower = low_left + across * (low_right - low_left)
        result[j] += amplitude * (upper + fall * (lower - upper))


@njit(cache=True, nogil=True, inline="always")
def _faded(t: np.float32) -> np.float32:
    return t * t * t * (t * (t * np.float32(6.0) - np.float32(15.0)) + np.float32(10.0))
