"""Means of separable resamplings on a GPU, every pixel written once (see :mod:`.resample` and :mod:`.mean_of_zooms`).

Import this module only where :func:`.triton_support.use_triton` is true.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
import triton
import triton.language as tl
from torch import Tensor

from robustbench_endo.corruptions.kernels.backend import on_device
from robustbench_endo.corruptions.kernels.interpolation.interpolation_weights import InterpolationWeights

_ROWS, _COLUMNS = 8, 128  # pixels per program


def mean_of_resamplings(
    images: Tensor, resamplings: Sequence[tuple[InterpolationWeights, InterpolationWeights]]
) -> Tensor:
    """The mean of several resamplings (rows, columns) of (B, C, H, W), all of the same output size."""
    images = images.contiguous()
    count, device = len(resamplings), images.device
    row_start, row_weights = _stack([rows for rows, _ in resamplings], 1.0 / count, device)
    column_start, column_weights = _stack([columns for _, columns in resamplings], 1.0, device)
    height, width = row_start.shape[1], column_start.shape[1]
    out = images.new_empty(*images.shape[:-2], height, width)
    grid = (triton.cdiv(width, _COLUMNS), triton.cdiv(height, _ROWS), images.shape[0] * images.shape[1])
    with on_device(device):
        _mean_of_resamplings[grid](
            images, row_start, row_weights, column_start, column_weights, out, count,
            row_weights.shape[2], column_weights.shape[2], *images.shape[-2:], height, width, _ROWS, _COLUMNS,
            enable_fp_fusion=False,
        )  # fmt: skip
    return out


def _stack(axes: Sequence[InterpolationWeights], factor: float, device: torch.device) -> tuple[Tensor, Tensor]:
    """The first input pixel (layers, n) and ``factor`` times the weights (layers, n, taps) of each output pixel."""
    taps = max(axis.weights.shape[1] for axis in axes)
    weights = np.zeros((len(axes), len(axes[0]), taps), np.float32)
    for target, axis in zip(weights, axes, strict=True):
        target[:, : axis.weights.shape[1]] = np.float32(factor) * axis.weights
    start = np.stack([axis.start for axis in axes]).astype(np.int32)
    return torch.from_numpy(start).to(device), torch.from_numpy(weights).to(device)


@triton.jit
def _mean_of_resamplings(  # type: ignore[no-untyped-def]
    images, row_start, row_weights, column_start, column_weights, out, layers, row_taps, column_taps,
    source_height, source_width, height, width, rows: tl.constexpr, columns: tl.constexpr,
):  # fmt: skip
    plane = tl.program_id(2).to(tl.int64)
    source = images + plane * source_height * source_width
    y = tl.program_id(1) * rows + tl.arange(0, rows)
    x = tl.program_id(0) * columns + tl.arange(0, columns)
    inside = (y < height)[:, None] & (x < width)[None, :]
    total = tl.zeros((rows, columns), tl.float32)
    for layer in range(layers):
        down, across = layer * height + y, layer * width + x
        top = tl.load(row_start + down, mask=y < height, other=0)
        left = tl.load(column_start + across, mask=x < width, other=0)
        for m in range(column_taps):
            line = tl.zeros((rows, columns), tl.float32)
            for k in range(row_taps):
                weight = tl.load(row_weights + down * row_taps + k, mask=y < height, other=0.0)[:, None]
                pixel = (top + k)[:, None] * source_width + (left + m)[None, :]
                # A tap of zero weight may lie outside.
                line += weight * tl.load(source + pixel, mask=inside & (weight != 0.0), other=0.0)
            weight = tl.load(column_weights + across * column_taps + m, mask=x < width, other=0.0)[None, :]
            total += tl.where(weight != 0.0, weight * line, 0.0)
    pixel = y[:, None] * width + x[None, :]
    tl.store(out + plane * height * width + pixel, total, mask=inside)
