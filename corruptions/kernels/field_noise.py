"""Fractal gradient noise: a smooth random field known at any real position, not only on a grid of pixels."""

from __future__ import annotations

import math

import numpy as np
import torch
from numba import njit
from numpy.typing import NDArray
from torch import Tensor

from .backend import Floats, compiled

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
    if not compiled(x):
        return fractal_noise_torch(x, y, table, octaves, gain)
    result = np.empty(x.shape, np.float32)
    columns, rows = (item.expand(x.shape).contiguous().numpy() for item in (x, y))
    _fractal(columns, rows, table.numpy(), _DIRECTIONS, _amplitudes(octaves, gain), result)
    return torch.from_numpy(result)


def fractal_noise_torch(x: Tensor, y: Tensor, table: Tensor, octaves: int, gain: float = 0.5) -> Tensor:
    """:func:`fractal_noise` on any device; ``table`` int64 (B, 256) is a permutation an image."""
    directions = torch.from_numpy(_DIRECTIONS).to(x.device)
    total = torch.zeros_like(x)
    for octave, amplitude in enumerate(_amplitudes(octaves, gain)):
        frequency, shift = float(2**octave), float(_SHIFT * np.float32(octave))
        total = total + float(amplitude) * _octave(x * frequency + shift, y * frequency + shift, table, directions)
    return total


def _amplitudes(octaves: int, gain: float) -> Floats:
    relative = gain ** np.arange(octaves)
    return (relative * (_UNIT / math.sqrt((relative**2).sum()))).astype(np.float32)


def _octave(x: Tensor, y: Tensor, table: Tensor, directions: Tensor) -> Tensor:
    column, row = x.floor(), y.floor()
    u, v = x - column, y - row
    corners = []
    for below in (0, 1):
        for right in (0, 1):
            slope = directions[_hashed(table, column.long() + right, row.long() + below)]
            corners.append(slope[..., 0] * (u - right) + slope[..., 1] * (v - below))
    across, down = _fade(u), _fade(v)
    upper = corners[0] + across * (corners[1] - corners[0])
    lower = corners[2] + across * (corners[3] - corners[2])
    return upper + down * (lower - upper)


def _hashed(table: Tensor, column: Tensor, row: Tensor) -> Tensor:
    first = table.gather(1, (column & 255).flatten(1))
    return table.gather(1, (first + row.flatten(1)) & 255).reshape(column.shape) & 15


def _fade(t: Tensor) -> Tensor:
    return t * t * t * (t * (t * 6.0 - 15.0) + 10.0)


@njit(cache=True, nogil=True)
def _fractal(
    x: Floats, y: Floats, table: NDArray[np.int64], directions: Floats, amplitudes: Floats, result: Floats
) -> None:
    for b in range(len(x)):
        for i in range(x.shape[1]):
            result[b, i] = np.float32(0.0)
            frequency, shift = np.float32(1.0), np.float32(0.0)
            for amplitude in amplitudes:
                _add_octave(x[b, i], y[b, i], frequency, shift, amplitude, table[b], directions, result[b, i])
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
    directions: Floats,
    result: Floats,
) -> None:
    one = np.float32(1.0)
    for j in range(len(x)):
        right, down = x[j] * frequency + shift, y[j] * frequency + shift
        column, row = np.floor(right), np.floor(down)
        u, v = right - column, down - row
        first, second = table[int(column) & 255] + int(row), table[(int(column) + 1) & 255] + int(row)
        a, b = table[first & 255] & 15, table[second & 255] & 15
        c, d = table[(first + 1) & 255] & 15, table[(second + 1) & 255] & 15
        top_left = directions[a, 0] * u + directions[a, 1] * v
        top_right = directions[b, 0] * (u - one) + directions[b, 1] * v
        low_left = directions[c, 0] * u + directions[c, 1] * (v - one)
        low_right = directions[d, 0] * (u - one) + directions[d, 1] * (v - one)
        across, fall = _faded(u), _faded(v)
        upper = top_left + across * (top_right - top_left)
        lower = low_left + across * (low_right - low_left)
        result[j] += amplitude * (upper + fall * (lower - upper))


@njit(cache=True, nogil=True, inline="always")
def _faded(t: np.float32) -> np.float32:
    return t * t * t * (t * (t * np.float32(6.0) - np.float32(15.0)) + np.float32(10.0))
