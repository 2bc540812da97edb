"""Philox4x32-10 (Salmon et al., SC 2011): four 32-bit words from a 64-bit key and a 128-bit counter."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import torch
from scipy.special import ndtri
from torch import Tensor

_M0, _M1 = 0xD2511F53, 0xCD9E8D57
_W0, _W1 = 0x9E3779B9, 0xBB67AE85
_MASK = 0xFFFFFFFF


def words(keys: Sequence[int], count: int, stream: int, device: torch.device) -> Tensor:
    """``count`` 32-bit words an image as int64, shape (B, count); word ``i`` depends on (key, stream, i) alone."""
    blocks = (count + 3) // 4
    key = torch.tensor([list(divmod(k, 1 << 32)) for k in keys], dtype=torch.int64, device=device)
    k1, k0 = key[:, :1], key[:, 1:]
    index = torch.arange(blocks, dtype=torch.int64, device=device)[None].expand(len(keys), -1)
    c0, c1 = index & _MASK, index >> 32
    c2, c3 = torch.full_like(index, stream), torch.zeros_like(index)
    for _ in range(10):
        low0, high0 = _multiply(_M0, c0)
        low1, high1 = _multiply(_M1, c2)
        c0, c1, c2, c3 = high1 ^ c1 ^ k0, low1, high0 ^ c3 ^ k1, low0
        k0, k1 = (k0 + _W0) & _MASK, (k1 + _W1) & _MASK
    return torch.stack((c0, c1, c2, c3), dim=-1).reshape(len(keys), -1)[:, :count]


def _multiply(constant: int, word: Tensor) -> tuple[Tensor, Tensor]:
    # The product wraps modulo 2^64, which leaves both 32-bit halves right once the sign bits are masked away.
    product = word * constant
    return product & _MASK, (product >> 32) & _MASK


def uniform_field(keys: Sequence[int], shape: Sequence[int], stream: int, device: torch.device) -> Tensor:
    """Uniform float32 in (0, 1): the centres of 2^24 equal cells, hence the same on every device."""
    bits = words(keys, int(np.prod(shape)), stream, device) >> 8
    return ((bits.float() + 0.5) * 2.0**-24).reshape(len(keys), *shape)


def normal_field(keys: Sequence[int], shape: Sequence[int], stream: int, device: torch.device) -> Tensor:
    """Standard normal float32 by inversion: a table of the 2^16 quantile midpoints, two numbers a word."""
    count = int(np.prod(shape))
    pairs = words(keys, (count + 1) // 2, stream, device)
    halves = torch.stack((pairs & 0xFFFF, pairs >> 16), dim=-1).reshape(len(keys), -1)[:, :count]
    return _quantiles().to(device)[halves].reshape(len(keys), *shape)


@lru_cache(maxsize=1)
def _quantiles() -> Tensor:
    # Midpoint quantiles fall short of unit variance by 1e-4: rescaled, so that `std` means what it says.
    table = ndtri((np.arange(65536) + 0.5) / 65536)
    return torch.from_numpy((table / table.std()).astype(np.float32))
