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
from robustbench_endo.corruptions.kernels.device_tables import device_table
from robustbench_endo.corruptions.kernels.rng.distributions import Distribution, keys_on, normal_quantiles

_BLOCKS = 256  # counters per program; each gives four words
_MAXIMUM = (1 << 31) - 8 * _BLOCKS  # numbers per key: the last program must not count beyond 2^31
_KINDS: dict[Distribution, int] = {"words": 0, "uniform": 1, "normal": 2}


def random_numbers(
    distribution: Distribution, keys: Sequence[int], count: int, stream: int, device: torch.device
) -> Tensor:
    """``count`` numbers per key on ``device``, shape (B, count), see :func:`.philox.random_field`.

    Raises:
        ValueError: more numbers per key than 32 bits can index.
    """
    if count > _MAXIMUM:
        raise ValueError(f"Expected at most {_MAXIMUM:,} numbers per image, got {count:,}: corrupt smaller images.")
    dtype = torch.int64 if distribution == "words" else torch.float32
    out = torch.empty(len(keys), count, dtype=dtype, device=device)
    quantiles = device_table(normal_quantiles, device) if distribution == "normal" else out
    programs = triton.cdiv(count, _BLOCKS * (8 if distribution == "normal" else 4))  # per key
    with on_device(device):
        # One axis of programs, as the others end at 65,535.
        _random_numbers[(programs * len(keys),)](
            keys_on(tuple(keys), device), quantiles, out, count, stream, programs, _KINDS[distribution], _BLOCKS,
            enable_fp_fusion=False,
        )  # fmt: skip
    return out


@triton.jit(do_not_specialize=("keys", "quantiles", "out", "count", "stream", "programs"))
def _random_numbers(  # type: ignore[no-untyped-def]
    keys, quantiles, out, count, stream, programs, kind: tl.constexpr, blocks: tl.constexpr
):
    image = tl.program_id(0) // programs
    first = tl.program_id(0) % programs * blocks
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
