"""Philox4x32-10 in plain torch, for any device: the bits of :mod:`.philox` where nothing is compiled."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from robustbench_endo.corruptions.kernels.device_tables import device_table
from robustbench_endo.corruptions.kernels.rng.distributions import Distribution, keys_on, normal_quantiles

_M0, _M1 = 0xD2511F53, 0xCD9E8D57
_W0, _W1 = 0x9E3779B9, 0xBB67AE85
_MASK = 0xFFFFFFFF


def random_numbers(
    distribution: Distribution, keys: Sequence[int], count: int, stream: int, device: torch.device
) -> Tensor:
    """``count`` numbers per key on ``device``, shape (B, count), see :func:`.philox.random_field`."""
    if distribution == "words":
        return _words(keys, count, stream, device)
    if distribution == "uniform":
        return ((_words(keys, count, stream, device) >> 9).float() + 0.5).mul_(2.0**-23)
    pairs = _words(keys, (count + 1) // 2, stream, device).int()
    halves = torch.stack((pairs & 0xFFFF, pairs >> 16 & 0xFFFF), dim=-1)
    return device_table(normal_quantiles, device)[halves.reshape(len(keys), -1)[:, :count]]


def _words(keys: Sequence[int], count: int, stream: int, device: torch.device) -> Tensor:
    """32-bit words as int64, shape (B, count); word ``i`` depends only on (key, stream, i)."""
    blocks = (count + 3) // 4
    key = keys_on(tuple(keys), device)[:, None]
    index = torch.arange(blocks, dtype=torch.int64, device=device)[None].expand(len(keys), -1)
    counter = (index & _MASK, index >> 32, torch.full_like(index, stream), torch.zeros_like(index))
    return torch.stack(philox(counter, (key & _MASK, key >> 32)), dim=-1).reshape(len(keys), -1)[:, :count]


def philox(
    counter: tuple[Tensor, Tensor, Tensor, Tensor], key: tuple[Tensor, Tensor]
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """The ten rounds of Philox4x32.

    Args:
        counter: four int64 tensors of 32-bit words, least significant word first.
        key: two int64 tensors of 32-bit words, least significant word first.

    Returns:
        Four int64 tensors of random 32-bit words.
    """
    (c0, c1, c2, c3), (k0, k1) = counter, key
    for _ in range(10):
        low0, high0 = _multiply(_M0, c0)
        low1, high1 = _multiply(_M1, c2)
        c0, c1, c2, c3 = high1 ^ c1 ^ k0, low1, high0 ^ c3 ^ k1, low0
        k0, k1 = (k0 + _W0) & _MASK, (k1 + _W1) & _MASK
    return c0, c1, c2, c3


def _multiply(constant: int, word: Tensor) -> tuple[Tensor, Tensor]:
    # The product wraps modulo 2^64, which leaves both 32-bit halves right once the sign bits are masked away.
    product = word * constant
    return product & _MASK, (product >> 32) & _MASK
