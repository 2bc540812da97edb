"""The fields of :mod:`.philox` on a GPU: a whole batch in one launch, every number written once.

Triton takes a second to import and exists for few platforms: only :mod:`.fused` imports this module.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import triton
import triton.language as tl
from torch import Tensor

from robustbench_endo.corruptions.kernels.backend import launching

_BLOCKS = 256  # counters a program; each gives four words
_WORDS, _UNIFORM, _NORMAL = 0, 1, 2


def words(keys: Sequence[int], count: int, stream: int, device: torch.device) -> Tensor:
    """``count`` 32-bit words an image as int64, shape (B, count)."""
    out = torch.empty(len(keys), count, dtype=torch.int64, device=device)
    return _filled(out, keys, stream, out, _WORDS)


def uniform(keys: Sequence[int], count: int, stream: int, device: torch.device) -> Tensor:
    """``count`` uniform float32 in (0, 1) an image, shape (B, count)."""
    out = torch.empty(len(keys), count, dtype=torch.float32, device=device)
    return _filled(out, keys, stream, out, _UNIFORM)


def normal(keys: Sequence[int], count: int, stream: int, table: Tensor) -> Tensor:
    """``count`` entries of ``table`` (65536,), its quantiles, an image; shape (B, count), where ``table`` is."""
    out = torch.empty(len(keys), count, dtype=torch.float32, device=table.device)
    return _filled(out, keys, stream, table, _NORMAL)


def _filled(out: Tensor, keys: Sequence[int], stream: int, table: Tensor, kind: int) -> Tensor:
    images, count = out.shape
    counters = triton.cdiv(count, 8 if kind == _NORMAL else 4)
    numbers = torch.tensor(keys, dtype=torch.int64, device=out.device)
    with launching(out.device):
        _field[(triton.cdiv(counters, _BLOCKS), images)](
            numbers, table, out, count, stream, kind, _BLOCKS, enable_fp_fusion=False
        )
    return out


@triton.jit
def _field(keys, table, out, count, stream, kind: tl.constexpr, blocks: tl.constexpr):  # type: ignore[no-untyped-def]
    image = tl.program_id(1)
    first = tl.program_id(0) * blocks
    block = first + tl.arange(0, blocks)
    zero = tl.zeros_like(block)
    w0, w1, w2, w3 = tl.philox(tl.load(keys + image), block, zero, zero + stream, zero)
    word = tl.interleave(tl.interleave(w0, w2), tl.interleave(w1, w3))
    place = 4 * first + tl.arange(0, 4 * blocks)
    if kind == 0:
        value = word.to(tl.int64)
    elif kind == 1:
        value = ((word >> 9).to(tl.float32) + 0.5) * (2.0**-23)
    else:
        place = 8 * first + tl.arange(0, 8 * blocks)
        value = tl.load(table + tl.interleave(word & 0xFFFF, word >> 16))
    tl.store(out + image.to(tl.int64) * count + place, value, mask=place < count)
