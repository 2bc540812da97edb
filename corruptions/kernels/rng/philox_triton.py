"""Philox4x32-10 in Triton: the bits of :mod:`.philox` for a batch in one launch, every number written once.

Triton takes a second to import and exists for few platforms: import this module only where
:func:`.triton_support.use_triton` is true.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import triton
import triton.language as tl
from torch import Tensor

from robustbench_endo.corruptions.kernels.backend import on_device
from robustbench_endo.corruptions.kernels.rng.distributions import Distribution, normal_quantiles_on

_BLOCKS = 256  # counters per program; each gives four words
_KINDS: dict[Distribution, int] = {"words": 0, "uniform": 1, "normal": 2}


def random_numbers(
    distribution: Distribution, keys: Sequence[int], count: int, stream: int, device: torch.device
) -> Tensor:
    """``count`` numbers per key on ``device``, shape (B, count), see :func:`.philox.random_field`."""
    dtype = torch.int64 if distribution == "words" else torch.float32
    out = torch.empty(len(keys), count, dtype=dtype, device=device)
    quantiles = normal_quantiles_on(device) if distribution == "normal" else out
    blocks = triton.cdiv(count, 8 if distribution == "normal" else 4)
    key_words = torch.tensor(keys, dtype=torch.int64, device=device)
    with on_device(device):
        _random_numbers[(triton.cdiv(blocks, _BLOCKS), len(keys))](
            key_words, quantiles, out, count, stream, _KINDS[distribution], _BLOCKS, enable_fp_fusion=False
        )
    return out


@triton.jit
def _random_numbers(  # type: ignore[no-untyped-def]
    keys, quantiles, out, count, stream, kind: tl.constexpr, blocks: tl.constexpr
):
    image = tl.program_id(1)
    first = tl.program_id(0) * blocks
    block = first + tl.arange(0, blocks)
    zero = tl.zeros_like(block)
    w0, w1, w2, w3 = tl.philox(tl.load(keys + image), block, zero, zero + stream, zero)
    word = tl.interleave(tl.interleave(w0, w2), tl.interleave(w1, w3))
    index = 4 * first + tl.arange(0, 4 * blocks)
    if kind == 0:
        value = word.to(tl.int64)
    elif kind == 1:
        value = ((word >> 9).to(tl.float32) + 0.5) * (2.0**-23)
    else:
        index = 8 * first + tl.arange(0, 8 * blocks)
        value = tl.load(quantiles + tl.interleave(word & 0xFFFF, word >> 16))
    tl.store(out + image.to(tl.int64) * count + index, value, mask=index < count)
