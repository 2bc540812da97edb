"""Fractal Perlin noise: a smooth random field defined at any real position, not only on a grid of pixels."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from robustbench_endo.corruptions.kernels.backend import Floats, Indices, use_numba
from robustbench_endo.corruptions.kernels.compiled import njit
from robustbench_endo.corruptions.kernels.device_tables import device_table
from robustbench_endo.corruptions.kernels.triton_support import use_triton

# Sixteen directions, cosines rounded to 1/1024 so that they are the same numbers everywhere.
_COSINES = np.round(np.cos(np.arange(16) * (np.pi / 8)) * 1024) / 1024
DIRECTIONS = np.stack((_COSINES, np.roll(_COSINES, 4)), axis=1).astype(np.float32)
"""Gradients (16, 2)."""

_OCTAVE_SCALE = 4.7  # brings one octave to a standard deviation of 1

SHIFT = np.float32(17.371)
"""Offset of each octave against the one before: octaves must not share their nodes, where every octave is 0."""


def fractal_perlin_noise(x: Tensor, y: Tensor, uniform: Tensor, octaves: int, gain: float = 0.5) -> Tensor:
    """Fractal sum of gradient noise (Perlin, "Improving noise", SIGGRAPH 2002), about mean 0 and variance 1.

    Args:
        x: float32 (B, H, W), position in units of the largest cell.
        y: the same along the other axis.
        uniform: (B, 256) uniform numbers; their order is the hash table of the field.
        octaves: number of octaves, each of twice the frequency of the one before.
        gain: amplitude of an octave relative to the one before.

    Returns:
        float32 (B, H, W).
    """
    tables = torch.argsort(uniform, dim=1, stable=True)
    if use_triton(x.device):
        from robustbench_endo.corruptions.kernels.fluids import perlin_triton

        directions = device_table(_directions, x.device)
        amplitudes = device_table(octave_amplitudes, x.device, octaves, gain)
        return perlin_triton.fractal_perlin_noise(x, y, tables, directions, amplitudes, float(SHIFT))
    if not use_numba(x.device):
        return fractal_perlin_noise_torch(x, y, tables, octaves, gain)
    out = np.empty(x.shape, np.float32)
    columns, rows = (item.expand(x.shape).contiguous().numpy() for item in (x, y))
    gradients = DIRECTIONS.T[:, tables.numpy() & 15]  # of the entries of each table
    _fractal_perlin_noise(columns, rows, tables.numpy(), gradients, octave_amplitudes(octaves, gain), out)
    return torch.from_numpy(out)


def fractal_perlin_noise_torch(x: Tensor, y: Tensor, tables: Tensor, octaves: int, gain: float = 0.5) -> Tensor:
    """:func:`fractal_perlin_noise` on any device; ``tables`` is int64 (B, 256), one permutation per image."""
    directions = device_table(_directions, x.device)
    first = 256 * torch.arange(len(tables), dtype=torch.int32, device=x.device)[:, None, None]
    flat = tables.int().flatten()
    total = torch.zeros_like(x)
    for octave, amplitude in enumerate(octave_amplitudes(octaves, gain)):
        frequency, shift = float(2**octave), float(SHIFT * np.float32(octave))
        height = _octave(x * frequency + shift, y * frequency + shift, flat, first, directions)
        total.add_(height, alpha=float(amplitude))
    return total


def _directions() -> Floats:
    return DIRECTIONS


def octave_amplitudes(octaves: int, gain: float) -> Floats:
    """Amplitude of each octave, float32 (octaves,), such that their sum has unit variance."""
    relative = gain ** np.arange(octaves)
    return (relative * (_OCTAVE_SCALE / math.sqrt((relative**2).sum()))).astype(np.float32)


def _octave(x: Tensor, y: Tensor, tables: Tensor, first: Tensor, directions: Tensor) -> Tensor:
    """One octave at ``x``, ``y``, which are overwritten; ``first`` is where the table of each image starts."""
    column, row = x.floor().int(), y.floor().int()
    u, v = x.sub_(column), y.sub_(row)
    hashes = [tables[((column + right) & 255) + first] + row for right in (0, 1)]
    cosines, sines = directions.unbind(1)

    def height(right: int, below: int) -> Tensor:
        gradient = tables[((hashes[right] + below) & 255) + first] & 15
        return (cosines[gradient] * (u - right)).addcmul_(sines[gradient], v - below)

    upper = torch.lerp(height(0, 0), height(1, 0), _fade(u))
    lower = torch.lerp(height(0, 1), height(1, 1), _fade(u))
    return torch.lerp(upper, lower, _fade(v))


def _fade(t: Tensor) -> Tensor:
    return t * t * t * (t * (t * 6.0 - 15.0) + 10.0)


@njit(cache=True, nogil=True)
def _fractal_perlin_noise(
    x: Floats, y: Floats, tables: Indices, gradients: Floats, amplitudes: Floats, out: Floats
) -> None:
    for b in range(len(x)):
        for i in range(x.shape[1]):
            out[b, i] = np.float32(0.0)
            frequency, shift = np.float32(1.0), np.float32(0.0)
            for amplitude in amplitudes:
                _add_octave(x[b, i], y[b, i], frequency, shift, amplitude, tables[b], gradients[:, b], out[b, i])
                frequency *= np.float32(2.0)
                shift += SHIFT


@njit(cache=True, nogil=True)
def _add_octave(
    x: Floats,
    y: Floats,
    frequency: np.float32,
    shift: np.float32,
    amplitude: np.float32,
    table: Indices,
    gradients: Floats,
    out: Floats,
) -> None:
    one = np.float32(1.0)
    cosines, sines = gradients[0], gradients[1]
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
        across, fall = _fade_f32(u), _fade_f32(v)
        upper = top_left + across * (top_right - top_left)
        lower = low_left + across * (low_right - low_left)
        out[j] += amplitude * (upper + fall * (lower - upper))


@njit(cache=True, nogil=True, inline="always")
def _fade_f32(t: np.float32) -> np.float32:
    return t * t * t * (t * (t * np.float32(6.0) - np.float32(15.0)) + np.float32(10.0))
