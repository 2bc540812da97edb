"""Fields of a fluid on a lattice tied to the frame: smooth noise, enlargement, wet highlights.

The lattice has one node a reference pixel, whatever the resolution of the picture. Random nodes are drawn with the
longer side first: a lattice one line longer then holds the same numbers.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..noise_source import Noise
from .resample import resample
from .taps import Taps, area, bilinear

_SPLINE_STD = 0.4794  # root mean square of a bicubic B-spline through independent nodes of unit variance
_SHORT = 2.5  # pixels between nodes up to which interpolation is linear
_LIGHT_CELL = 32  # reference pixels over which the light is averaged
_SHARPNESS = 8  # the highlight is the cosine to the power 2^8


def lattice_size(size: tuple[int, ...], unit: float) -> tuple[int, int]:
    """Rows and columns of the lattice of a frame (H, W) whose reference pixel is ``unit`` pixels long."""
    height, width = (max(round(side / unit), 4) for side in size[-2:])
    return height, width


def smooth_noise(noise: Noise, size: tuple[int, int], spacing: float, stream: int) -> Tensor:
    """Standard normal noise (B, 1, h, w) on nodes ``spacing`` apart, through a cubic B-spline: twice differentiable."""
    rows, columns = (_between_nodes(side, spacing) for side in size)
    field = _nodes(noise, (rows.size, columns.size), stream)
    return resample(field, rows, columns) / _SPLINE_STD


def fractal_noise(
    noise: Noise, size: tuple[int, int], spacing: float, octaves: int, stream: int, gain: float = 0.5
) -> Tensor:
    """``octaves`` of :func:`smooth_noise`, each of half the spacing and ``gain`` of the amplitude; unit variance."""
    layers = [smooth_noise(noise, size, spacing / 2**i, stream + i) * gain**i for i in range(octaves)]
    total = sum(layers[1:], start=layers[0])
    return total / float(np.sqrt(sum(gain ** (2 * i) for i in range(octaves))))


def normal_nodes(noise: Noise, size: tuple[int, int], stream: int) -> Tensor:
    """Independent standard normal nodes (B, 1, h, w)."""
    return _nodes(noise, size, stream)


def _nodes(noise: Noise, size: tuple[int, int], stream: int) -> Tensor:
    height, width = size
    if width > height:
        return noise.normal((1, width, height), stream).transpose(-1, -2).contiguous()
    return noise.normal((1, height, width), stream)


def to_frame(fields: Tensor, size: tuple[int, ...]) -> Tensor:
    """Fields (B, C, h, w) at every pixel of a frame (H, W): interpolated, or the mean where pixels are larger."""
    rows, columns = (_enlarged(nodes, side) for nodes, side in zip(fields.shape[-2:], size[-2:], strict=True))
    return resample(fields, rows, columns)


def _enlarged(nodes: int, side: int) -> Taps:
    if side <= nodes:
        return area(nodes, side)
    # Straight lines between nodes show only when they are long.
    return bilinear(nodes, side) if side <= _SHORT * nodes else spline(nodes, side)


def to_lattice(images: Tensor, size: tuple[int, int]) -> Tensor:
    """Means of (B, C, H, W) over the cells of a lattice (h, w)."""
    rows, columns = (area(side, nodes) for side, nodes in zip(images.shape[-2:], size, strict=True))
    return resample(images, rows, columns)


def brightness(images: Tensor, size: tuple[int, int]) -> Tensor:
    """The largest channel of (B, 3, H, W) on a lattice: (B, 1, h, w)."""
    return to_lattice(images.amax(1, keepdim=True), size)


def scene_light(bright: Tensor, size: tuple[int, ...]) -> Tensor:
    """How brightly the scene is lit around each pixel of a frame (H, W), from its :func:`brightness`: (B, 1, H, W)."""
    return to_frame(averaged(bright, _LIGHT_CELL), size)


def averaged(field: Tensor, cell: int) -> Tensor:
    """Means of a field (B, 1, h, w) over cells of about ``cell`` x ``cell`` nodes, at least 4 x 4 of them."""
    height, width = (max(side // cell, 4) for side in field.shape[-2:])
    return to_lattice(field, (height, width))


def slopes(height: Tensor) -> tuple[Tensor, Tensor]:
    """The derivatives of (B, 1, h, w) down and across, by central differences; the edge is repeated."""
    padded = torch.nn.functional.pad(height, (1, 1, 1, 1), mode="replicate")
    down = (padded[..., 2:, 1:-1] - padded[..., :-2, 1:-1]) * 0.5
    return down, (padded[..., 1:-1, 2:] - padded[..., 1:-1, :-2]) * 0.5


def highlight(down: Tensor, across: Tensor, tilt_down: Tensor, tilt_across: Tensor) -> Tensor:
    """Specular reflection in [0, 1] of a surface of slopes (``down``, ``across``).

    Blinn's model: the cosine between the normal and the half vector, to a power; ``tilt`` is the slope of the surface
    that mirrors the lamp into the lens.
    """
    cosine = (1.0 + down * tilt_down + across * tilt_across).clamp(min=0.0)
    # All squared, so that only multiplications and one division are needed: the same bits everywhere.
    lengths = (1.0 + down * down + across * across) * (1.0 + tilt_down * tilt_down + tilt_across * tilt_across)
    value = cosine * cosine / lengths
    for _ in range(_SHARPNESS - 1):
        value = value * value
    return value


@lru_cache(maxsize=64)
def spline(size: int, count: int) -> Taps:
    """``count`` pixels from the cubic B-spline through ``size`` >= 4 nodes over the same extent; smooths a little."""
    return _spline_taps((np.arange(count) + 0.5) * (size / count) - 0.5, size)


@lru_cache(maxsize=64)
def _between_nodes(count: int, spacing: float) -> Taps:
    position = (np.arange(count) + 0.5) / spacing + 1.0
    return _spline_taps(position, int(position[-1]) + 3)


def _spline_taps(position: NDArray[np.floating[Any]], size: int) -> Taps:
    base = np.floor(position)
    u = position - base
    shares = np.stack(((1 - u) ** 3, 3 * u**3 - 6 * u**2 + 4, 3 * (1 - u) ** 3 - 6 * (1 - u) ** 2 + 4, u**3), 1) / 6.0
    node = (base[:, None].astype(np.int64) + np.arange(-1, 3)).clip(0, size - 1)
    start = (base.astype(np.int64) - 1).clip(0, size - 4)
    weights = np.zeros(shares.shape, np.float64)
    np.add.at(weights, (np.arange(len(u))[:, None], node - start[:, None]), shares)
    return Taps(start, weights.astype(np.float32), size)
