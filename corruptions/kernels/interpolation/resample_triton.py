"""Sums of separable resamplings on a GPU, every pixel written once (see :mod:`.resample`).

Only code that asked :func:`.fused.fused` imports this module.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
import triton
import triton.language as tl
from torch import Tensor

from robustbench_endo.corruptions.kernels.backend import launching
from robustbench_endo.corruptions.kernels.interpolation.interpolation_weights import Taps

_ROWS, _COLUMNS = 8, 128  # pixels a program


def mean_of_layers(images: Tensor, layers: Sequence[tuple[Taps, Taps]]) -> Tensor:
    """The mean of several resamplings (rows, columns) of (B, C, H, W), all of one output size."""
    images = images.contiguous()
    row_start, row_weights = _packed([rows for rows, _ in layers], 1.0 / len(layers), images.device)
    column_start, column_weights = _packed([columns for _, columns in layers], 1.0, images.device)
    height, width = row_start.shape[1], column_start.shape[1]
    out = images.new_empty(*images.shape[:-2], height, width)
    grid = (triton.cdiv(width, _COLUMNS), triton.cdiv(height, _ROWS), images.shape[0] * images.shape[1])
    with launching(images.device):
        _resample[grid](
            images, row_start, row_weights, column_start, column_weights, out, len(layers),
            row_weights.shape[2], column_weights.shape[2], *images.shape[-2:], height, width, _ROWS, _COLUMNS,
            enable_fp_fusion=False,
        )  # fmt: skip
    return out


def _packed(layers: Sequence[Taps], share: float, device: torch.device) -> tuple[Tensor, Tensor]:
    """The first input pixel (layers, n) and the weights times ``share`` (layers, n, taps) of each output pixel."""
    taps = max(layer.weights.shape[1] for layer in layers)
    weights = np.zeros((len(layers), len(layers[0].start), taps), np.float32)
    for target, layer in zip(weights, layers, strict=True):
        target[:, : layer.weights.shape[1]] = np.float32(share) * layer.weights
    start = np.stack([layer.start for layer in layers]).astype(np.int32)
    return torch.from_numpy(start).to(device), torch.from_numpy(weights).to(device)


@triton.jit
def _resample(  # type: ignore[no-untyped-def]
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
                place = (top + k)[:, None] * source_width + (left + m)[None, :]
                # A tap of no weight may lie outside.
                line += weight * tl.load(source + place, mask=inside & (weight != 0.0), other=0.0)
            weight = tl.load(column_weights + across * column_taps + m, mask=x < width, other=0.0)[None, :]
            total += tl.where(weight != 0.0, weight * line, 0.0)
    place = y[:, None] * width + x[None, :]
    tl.store(out + plane * height * width + place, total, mask=inside)
