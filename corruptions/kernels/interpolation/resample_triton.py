"""Separable weighted sums on a GPU (see :mod:`.resample` and :mod:`.mean_of_zooms`), with the bits of the CPU.

The threads of a warp compute neighbouring pixels of a row, so that they load neighbouring pixels whatever the weights.
Import this module only where :func:`.triton_support.use_triton` is true.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import triton
import triton.language as tl
from torch import Tensor

from robustbench_endo.corruptions.kernels.backend import Floats, Indices32, on_device
from robustbench_endo.corruptions.kernels.device_tables import device_table
from robustbench_endo.corruptions.kernels.interpolation.interpolation_weights import InterpolationWeights

_PIXELS = 512  # per program
_UNROLLED = 4  # taps per turn of a loop; also the largest number of taps along an axis of a single pass

Axes = tuple[InterpolationWeights, ...]


def resample(images: Tensor, rows: InterpolationWeights, columns: InterpolationWeights) -> Tensor:
    """(B, C, H, W) -> (B, C, len(rows), len(columns)): rows are combined first, then columns."""
    if in_one_pass(rows, columns):
        return mean_of_resamplings(images, ((rows, columns),))
    return _combine(_combine(images.contiguous(), rows, images.shape[-1]), columns, 1)


def in_one_pass(rows: InterpolationWeights, columns: InterpolationWeights) -> bool:
    """Whether one pass over both axes is cheaper than one along each, as for 4 x 4 taps and not for 5 x 5.

    One pass loads R x C pixels, R + C weights for each output pixel. Two load R + C pixels and as many weights, but
    write and read the combined rows: 8 bytes of memory, in whose time about 12 numbers are loaded from the cache.
    """
    down, across = rows.taps, columns.taps
    return max(down, across) <= _UNROLLED and down * across <= down + across + 12


def mean_of_resamplings(
    images: Tensor, resamplings: Sequence[tuple[InterpolationWeights, InterpolationWeights]]
) -> Tensor:
    """The mean of several resamplings (rows, columns) of (B, C, H, W), of the same output size and at most 4 taps."""
    images, device = images.contiguous(), images.device
    rows, columns = (tuple(axis) for axis in zip(*resamplings, strict=True))
    row_taps, column_taps = (triton.next_power_of_2(max(axis.taps for axis in axes)) for axes in (rows, columns))
    height, width = len(rows[0]), len(columns[0])
    out = images.new_empty(*images.shape[:-2], height, width)
    with on_device(device):
        _mean_of_resamplings[_grid(out)](
            images, device_table(_starts, device, rows),
            device_table(_weights_by_tap, device, rows, row_taps, 1.0 / len(rows)),
            device_table(_starts, device, columns), device_table(_weights_by_tap, device, columns, column_taps, 1.0),
            out, len(rows), *images.shape[-2:], height, width, row_taps, column_taps, _PIXELS, enable_fp_fusion=False,
        )  # fmt: skip
    return out


def _combine(images: Tensor, weights: InterpolationWeights, stride: int) -> Tensor:
    """Weighted sums of contiguous images along the axis whose neighbours are ``stride`` apart: 1, or the width."""
    if weights.copies:
        return images
    device, (height, width) = images.device, images.shape[-2:]
    size = (height, len(weights)) if stride == 1 else (len(weights), width)
    out = images.new_empty(*images.shape[:-2], *size)
    taps = triton.cdiv(weights.taps, _UNROLLED) * _UNROLLED
    with on_device(device):
        _combine_along_axis[_grid(out)](
            images, device_table(_starts, device, (weights,)),
            device_table(_weights_by_tap, device, (weights,), taps, 1.0), out, taps, weights.size, len(weights), stride,
            height * width, size[0] * size[1], _UNROLLED, _PIXELS, enable_fp_fusion=False,
        )  # fmt: skip
    return out


def _grid(out: Tensor) -> tuple[int]:
    """One axis, as the others end at 65,535: the programs of an image of one channel follow each other."""
    *planes, height, width = out.shape
    return (int(np.prod(planes)) * triton.cdiv(height * width, _PIXELS),)


def _starts(axes: Axes) -> Indices32:
    """(layers, n): the first input pixel of each output pixel."""
    return np.stack([axis.arrays.start32 for axis in axes])


def _weights_by_tap(axes: Axes, taps: int, factor: float) -> Floats:
    """(layers, taps, n): ``factor`` times the weights; those of added taps are zero."""
    weights = np.zeros((len(axes), taps, len(axes[0])), np.float32)
    for layer, axis in zip(weights, axes, strict=True):
        layer[: axis.taps] = np.float32(factor) * axis.arrays.by_tap
    return weights


# Weights are stored by tap: neighbouring pixels then load neighbouring weights, too. A tap of weight zero is not
# loaded, because it may lie outside of the image.


@triton.jit(
    do_not_specialize=(
        "images", "row_start", "row_weights", "column_start", "column_weights", "out", "layers", "source_height",
        "source_width", "height", "width",
    )
)  # fmt: skip
def _mean_of_resamplings(  # type: ignore[no-untyped-def]
    images, row_start, row_weights, column_start, column_weights, out, layers, source_height, source_width, height,
    width, row_taps: tl.constexpr, column_taps: tl.constexpr, pixels: tl.constexpr,
):  # fmt: skip
    size = height * width
    blocks = tl.cdiv(size, pixels)
    plane = (tl.program_id(0) // blocks).to(tl.int64)
    pixel = tl.program_id(0) % blocks * pixels + tl.arange(0, pixels)
    inside = pixel < size
    y, x = pixel // width, pixel % width
    source = images + plane * source_height * source_width
    total = tl.zeros((pixels,), tl.float32)
    for layer in range(layers):
        top = tl.load(row_start + layer * height + y, mask=inside, other=0)
        left = tl.load(column_start + layer * width + x, mask=inside, other=0)
        corner = top * source_width + left
        value = tl.zeros((pixels,), tl.float32)
        for m in tl.static_range(column_taps):
            across = tl.load(column_weights + (layer * column_taps + m) * width + x, mask=inside, other=0.0)
            line = tl.zeros((pixels,), tl.float32)
            for k in tl.static_range(row_taps):
                down = tl.load(row_weights + (layer * row_taps + k) * height + y, mask=inside, other=0.0)
                used = (down != 0.0) & (across != 0.0)
                line += down * tl.load(source + k * source_width + m + corner, mask=used, other=0.0)
            value += across * line
        total += value
    tl.store(out + plane * size + pixel, total, mask=inside)


@triton.jit(
    do_not_specialize=(
        "images", "start", "weights", "out", "taps", "source_length", "length", "stride", "source_size", "size",
    )
)  # fmt: skip
def _combine_along_axis(  # type: ignore[no-untyped-def]
    images, start, weights, out, taps, source_length, length, stride, source_size, size, unrolled: tl.constexpr,
    pixels: tl.constexpr,
):  # fmt: skip
    blocks = tl.cdiv(size, pixels)
    plane = (tl.program_id(0) // blocks).to(tl.int64)
    pixel = tl.program_id(0) % blocks * pixels + tl.arange(0, pixels)
    inside = pixel < size
    line = pixel // stride
    along = line % length
    first = line // length * source_length + tl.load(start + along, mask=inside, other=0)
    source = images + plane * source_size + first * stride + pixel % stride
    total = tl.zeros((pixels,), tl.float32)
    for tap in range(0, taps, unrolled):
        for k in tl.static_range(unrolled):
            weight = tl.load(weights + (tap + k) * length + along, mask=inside, other=0.0)
            total += weight * tl.load(source + (tap + k) * stride, mask=weight != 0.0, other=0.0)
    tl.store(out + plane * size + pixel, total, mask=inside)
