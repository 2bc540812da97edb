"""Label maps, confidence and entropy of segmentation logits on a GPU, which are read without an interpolated copy.

Import this module only where :func:`.triton_support.use_triton` is true.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
import triton
import triton.language as tl
from numpy.typing import NDArray
from torch import Tensor

from robustbench_endo.corruptions.kernels.backend import on_device
from robustbench_endo.corruptions.kernels.device_tables import device_table
from robustbench_endo.tasks.segmentation.interpolation import interpolation_weights

_PIXELS = 512  # per program


def label_maps(logits: Tensor, size: tuple[int, int]) -> Tensor:
    """:func:`.decode.label_maps` with the bits of the CPU."""
    logits, device = logits.contiguous(), logits.device
    batch, classes, height, width = logits.shape
    out = torch.empty((batch, *size), dtype=torch.uint8, device=device)
    (top, down), (left, across) = (
        [device_table(_weights, device, length, target, part) for part in (0, 2)]
        for length, target in zip((height, width), size, strict=True)
    )
    with on_device(device):
        _label_maps[(batch * triton.cdiv(size[0] * size[1], _PIXELS),)](
            logits, top, down, left, across, out, classes, height, width, *size, _PIXELS, enable_fp_fusion=False
        )
    return out


def summarise(logits: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """:func:`.decode_gpu.summarise`."""
    logits = logits.contiguous()
    batch, classes, pixels = len(logits), logits.shape[1], logits[0, 0].numel()
    programs = triton.cdiv(pixels, _PIXELS)
    out = torch.empty((3, batch, programs), dtype=torch.float64, device=logits.device)
    with on_device(logits.device):
        _summarise[(batch * programs,)](logits, out, batch, classes, pixels, programs, _PIXELS, enable_fp_fusion=False)
    infinite, confidence, entropy = out.sum(2)
    return infinite == 0, (confidence / pixels).float(), (entropy / pixels).float()


def _weights(length: int, target: int, part: int) -> NDArray[Any]:
    """The first or the third array of :func:`.interpolation_weights`, in 32 bits."""
    weights = interpolation_weights(length, target)[part]
    return weights if part == 2 else weights.astype(np.int32)


@triton.jit(
    do_not_specialize=(
        "logits", "top", "down", "left", "across", "out", "classes", "height", "width", "out_height", "out_width",
    )
)  # fmt: skip
def _label_maps(  # type: ignore[no-untyped-def]
    logits, top, down, left, across, out, classes, height, width, out_height, out_width, pixels: tl.constexpr
):
    size = out_height * out_width
    programs = tl.cdiv(size, pixels)
    image = (tl.program_id(0) // programs).to(tl.int64)
    pixel = tl.program_id(0) % programs * pixels + tl.arange(0, pixels)
    inside = pixel < size
    y, x = pixel // out_width, pixel % out_width
    first_row = tl.load(top + y, mask=inside, other=0)
    first_column = tl.load(left + x, mask=inside, other=0)
    weight_down = tl.load(down + y, mask=inside, other=0.0)
    weight_across = tl.load(across + x, mask=inside, other=0.0)
    corner = logits + image * classes * height * width + first_row * width + first_column
    step_down = tl.where(first_row < height - 1, width, 0)
    step_across = tl.where(first_column < width - 1, 1, 0)
    best, label = tl.full((pixels,), float("-inf"), tl.float32), tl.zeros((pixels,), tl.int32)
    for c in range(classes):
        one, two = tl.load(corner).to(tl.float32), tl.load(corner + step_across).to(tl.float32)
        three = tl.load(corner + step_down).to(tl.float32)
        four = tl.load(corner + step_down + step_across).to(tl.float32)
        near, far = one + weight_down * (three - one), two + weight_down * (four - two)
        value = near + weight_across * (far - near)
        label = tl.where(value > best, c, label)  # of equal logits the first class; NaN is never the largest
        best = tl.where(value > best, value, best)
        corner += height * width
    tl.store(out + image * size + pixel, label.to(tl.uint8), mask=inside)


@triton.jit(do_not_specialize=("logits", "out", "batch", "classes", "size", "programs"))
def _summarise(  # type: ignore[no-untyped-def]
    logits, out, batch, classes, size, programs, pixels: tl.constexpr
):
    """The pixels of a program with a logit that is not finite, and the sums of confidence and entropy."""
    image, program = (tl.program_id(0) // programs).to(tl.int64), tl.program_id(0) % programs
    pixel = program * pixels + tl.arange(0, pixels)
    inside = pixel < size
    first = logits + image * classes * size + pixel
    highest = tl.full((pixels,), float("-inf"), tl.float32)
    finite = tl.zeros((pixels,), tl.int32) + 1
    for c in range(classes):
        value = tl.load(first + c * size, mask=inside, other=0.0).to(tl.float32)
        highest = tl.maximum(highest, value)
        finite = tl.where(tl.abs(value) < float("inf"), finite, 0)
    total, weighted = tl.zeros((pixels,), tl.float32), tl.zeros((pixels,), tl.float32)
    for c in range(classes):
        shifted = tl.load(first + c * size, mask=inside, other=0.0).to(tl.float32) - highest
        power = tl.exp(shifted)
        total += power
        weighted += power * shifted
    confidence, entropy = 1 / total, tl.log(total) - weighted / total
    out += image * programs + program
    tl.store(out, tl.sum(tl.where(inside, 1 - finite, 0), 0).to(tl.float64))
    tl.store(out + batch * programs, tl.sum(tl.where(inside, confidence, 0.0).to(tl.float64), 0))
    tl.store(out + 2 * batch * programs, tl.sum(tl.where(inside, entropy, 0.0).to(tl.float64), 0))
