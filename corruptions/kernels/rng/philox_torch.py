"""Philox4x32-10 in plain torch, on any device: what the fields are made by where nothing is compiled."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

_M0, _M1 = 0xD2511F53, 0xCD9E8D57
_W0, _W1 = 0x9E3779B9, 0xBB67AE85
_MASK = 0xFFFFFFFF


def words(keys: Sequence[int], count: int, stream: int, device: torch.device) -> Tensor:
    """``count`` 32-bit words an image as int64, shape (B, count); word ``i`` depends on (key, stream, i) alone."""
    blocks = (count + 3) // 4
    halves = torch.tensor([divmod(key, 1 << 32) for key in keys], dtype=torch.int64, device=device)
    index = torch.arange(blocks, dtype=torch.int64, device=device)[None].expand(len(keys), -1)
    counter = (index & _MASK, index >> 32, torch.full_like(index, stream), torch.zeros_like(index))
    return torch.stack(philox(counter, (halves[:, 1:], halves[:, :1])), dim=-1).reshape(len(keys), -1)[:, :count]


def uniform(keys: Sequence[int], count: int, stream: int, device: torch.device) -> Tensor:
    """``count`` uniform float32 in (0, 1) an image, shape (B, count)."""
    return ((words(keys, count, stream, device) >> 9).float() + 0.5).mul_(2.0**-23)


def normal(keys: Sequence[int], count: int, stream: int, table: Tensor) -> Tensor:
    """``count`` entries of ``table`` (65536,), its quantiles, an image; shape (B, count), where ``table`` is."""
    pairs = words(keys, (count + 1) // 2, stream, table.device).int()
    halves = torch.stack((pairs & 0xFFFF, pairs >> 16 & 0xFFFF), dim=-1)
    return table[halves.reshape(len(keys), -1)[:, :count]]


def philox(
    counter: tuple[Tensor, Tensor, Tensor, Tensor], key: tuple[Tensor, Tensor]
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """The ten rounds; every tensor is int64 holding a 32-bit word, least significant word of a number first."""
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
