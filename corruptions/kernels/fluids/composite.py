"""Compositing of a translucent layer, given on a coarse grid, over an image: enlarged and blended in one pass."""

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


def composite(
    images: Tensor, layer: Tensor, rows: InterpolationWeights, columns: InterpolationWeights
) -> tuple[Tensor, Tensor]:
    """I = J (1 - cover) + light. Pixels whose cover and light are 0 are bit-identical to the input.

    Args:
        images: J, (B, 3, H, W).
        layer: (B, 4, h, w), (B, 5, h, w) or (B, 7, h, w) on a coarse grid. The channels are the opacity in [0, 1]; the
            cover, if it differs from the opacity, of all colours or of red, green and blue; the light that the layer
            adds to red, green and blue.
        rows: weights from h to H.
        columns: weights from w to W.

    Returns:
        I (B, 3, H, W), and the opacity (B, 1, H, W) in [0, 1].
    """
    if not use_numba(images.device):
        return composite_torch(images, layer, rows, columns)
    planes = to_planes(images).reshape(*images.shape)
    fields = to_planes(layer).reshape(*layer.shape)
    out, opacity = np.empty_like(planes), np.empty((len(planes), *planes.shape[-2:]), np.float32)
    _composite(planes, fields, rows.arrays, columns.arrays, out, opacity)
    return from_planes(out.reshape(-1, *planes.shape[-2:]), images), torch.from_numpy(opacity)[:, None]


def composite_torch(
    images: Tensor, layer: Tensor, rows: InterpolationWeights, columns: InterpolationWeights
) -> tuple[Tensor, Tensor]:
    """:func:`composite` on any device."""
    full = resample_torch(layer, rows, columns)
    cover = full[:, 1:-3] if full.shape[1] > 4 else full[:, :1]
    blended = torch.addcmul(images, images, cover, value=-1.0).add_(full[:, -3:])
    return blended, full[:, :1].clamp(0.0, 1.0)


@njit(cache=True, nogil=True)
def _composite(
    images: Floats, layer: Floats, rows: WeightArrays, columns: WeightArrays, out: Floats, opacity: Floats
) -> None:
    count, fields, width = len(layer), layer.shape[1], images.shape[3]
    rings = np.empty((fields, rows.weights.shape[1], width), np.float32)
    lines = np.empty((fields, width), np.float32)
    for b in range(count):
        ready = np.zeros(fields, np.int64)
        for y in range(images.shape[2]):
            for i in range(fields):
                ready[i] = upsample_row(layer[b, i], ready[i], rows, columns, y, rings[i], lines[i])
            for x in range(width):
                opacity[b, y, x] = min(max(lines[0, x], np.float32(0.0)), np.float32(1.0))
            for c in range(3):
                _blend(images[b, c, y], lines[min(1 + c, fields - 4)], lines[fields - 3 + c], out[b, c, y])


@njit(cache=True, nogil=True, inline="always")
def _blend(scene: Floats, cover: Floats, light: Floats, target: Floats) -> None:
    for x in range(len(target)):
        target[x] = scene[x] - scene[x] * cover[x] + light[x]
