"""Confusion matrices of label maps on a GPU: a histogram of pairs of labels in each program, added up at the end.

Import this module only where :func:`.triton_support.use_triton` is true.
"""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import Tensor

from robustbench_endo.corruptions.kernels.backend import on_device

MAX_CLASSES = 31
"""Of more classes the histogram of a program, with a cell for each pair of labels, would not fit into registers."""
_PIXELS, _BLOCKS = 1024, 8  # at a time, and how often, in a program


def confusion(pred: Tensor, target: Tensor, num_classes: int) -> Tensor:
    """Pixels by target and predicted class, int64 (B, C, C), see :func:`.overlap.confusion_matrix`.

    Labels of C and above, such as 255, are not counted.
    """
    batch, size = len(pred), pred[0].numel()
    out = torch.zeros(batch, num_classes, num_classes, dtype=torch.int32, device=pred.device)
    bins = triton.next_power_of_2(num_classes**2 + 1)  # one more cell for the ignored pixels
    with on_device(pred.device):
        _count_pairs[(batch * triton.cdiv(size, _PIXELS * _BLOCKS),)](
            pred.contiguous(), target.contiguous(), out, size, num_classes, bins, _PIXELS, _BLOCKS,
            enable_fp_fusion=False,
        )  # fmt: skip
    return out.long()


@triton.jit(do_not_specialize=("pred", "target", "out", "size"))
def _count_pairs(  # type: ignore[no-untyped-def]
    pred, target, out, size, classes: tl.constexpr, bins: tl.constexpr, pixels: tl.constexpr, blocks: tl.constexpr
):
    programs = tl.cdiv(size, pixels * blocks)
    image = (tl.program_id(0) // programs).to(tl.int64)
    first = tl.program_id(0) % programs * (pixels * blocks)
    counts = tl.zeros((bins,), tl.int32)
    for block in range(blocks):
        pixel = first + block * pixels + tl.arange(0, pixels)
        p = tl.load(pred + image * size + pixel, mask=pixel < size, other=255).to(tl.int32)
        t = tl.load(target + image * size + pixel, mask=pixel < size, other=255).to(tl.int32)
        counts += tl.histogram(tl.where((p < classes) & (t < classes), t * classes + p, classes * classes), bins)
    # Sums of integers do not depend on the order of the programs.
    cell = tl.arange(0, bins)
    tl.atomic_add(out + image * (classes * classes) + cell, counts, mask=(cell < classes * classes) & (counts > 0))
