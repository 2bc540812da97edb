"""Local shuffling on a GPU: every cell follows its chain of copies to the end (see :mod:`.local_shuffle`).

A chain has two cells on average, so that this takes one pass over the choices instead of one for each round of pointer
doubling. Import this module only where :func:`.triton_support.use_triton` is true.
"""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import Tensor

from robustbench_endo.corruptions.kernels.backend import on_device

_CELLS = 128  # cells per program, of one warp: it ends with the longest of its chains


def local_shuffle(choices: Tensor, shift: int) -> Tensor:
    """:func:`.local_shuffle.local_shuffle` of int64 choices (B, sweeps, rows, columns): int32 (B, rows, columns)."""
    choices = choices.contiguous()
    batch, sweeps, height, width = choices.shape
    out = torch.empty(batch, height, width, dtype=torch.int32, device=choices.device)
    with on_device(choices.device):
        _local_shuffle[(triton.cdiv(height * width, _CELLS), batch)](
            choices, out, sweeps, height, width, shift, _CELLS, num_warps=1, enable_fp_fusion=False
        )
    return out


@triton.jit(do_not_specialize=["sweeps", "height", "width", "shift"])
def _local_shuffle(choices, out, sweeps, height, width, shift, cells: tl.constexpr):  # type: ignore[no-untyped-def]
    image, count = tl.program_id(1).to(tl.int64), height * width
    first = tl.program_id(0) * cells + tl.arange(0, cells)
    cell = tl.minimum(first, count - 1)
    # From the last sweep to the first, in each to the end of the chain.
    for i in range(sweeps):
        field = choices + (image * sweeps + (sweeps - 1 - i)) * count
        copies = _is_visited(cell, height, width, shift)
        while tl.max(copies.to(tl.int32), axis=0) > 0:
            choice = tl.load(field + cell, mask=copies, other=0).to(tl.int32)
            step = (choice // (2 * shift) - shift) * width + choice % (2 * shift) - shift
            target = tl.where(copies, cell + step, cell)
            # A neighbour that is visited later still has its content of before the sweep.
            copies = (target > cell) & _is_visited(target, height, width, shift)
            cell = target
    tl.store(out + image * count + first, cell, mask=first < count)


@triton.jit
def _is_visited(cell, height, width, shift):  # type: ignore[no-untyped-def]
    row, column = cell // width, cell % width
    return (row > shift) & (row <= height - shift) & (column > shift) & (column <= width - shift)
