"""Reductions over a lattice that do not depend on the order of the additions."""

from __future__ import annotations

import torch
from torch import Tensor


def mean(fields: Tensor) -> Tensor:
    """Mean of (..., h, w) with |values| < 2^16 over the last two axes, kept as 1 x 1: whole multiples of 2^-24."""
    count = fields.shape[-2] * fields.shape[-1]
    total = (fields * 2.0**24).to(torch.int64).sum((-2, -1), keepdim=True)
    return (total.double() * (2.0**-24 / count)).float()
