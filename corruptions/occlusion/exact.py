"""Reductions over a lattice that do not depend on the order of the additions."""

from __future__ import annotations

import numpy as np
import torch
from numba import njit
from torch import Tensor

from ..kernels.backend import Doubles, Floats, compiled, planes

_STEPS = 2.0**24  # a unit


def mean(fields: Tensor) -> Tensor:
    """Mean of (..., h, w) with |values| < 2^16 over the last two axes, kept as 1 x 1: whole multiples of 2^-24."""
    count = fields.shape[-2] * fields.shape[-1]
    if compiled(fields):
        total = np.empty((*fields.shape[:-2], 1, 1))
        _sums(planes(fields).reshape(-1, count), total.reshape(-1))
        return torch.from_numpy(total * (1.0 / _STEPS / count)).float()
    whole = (fields * _STEPS).to(torch.int64).sum((-2, -1), keepdim=True)
    return (whole.double() * (1.0 / _STEPS / count)).float()


@njit(cache=True, nogil=True)
def _sums(fields: Floats, total: Doubles) -> None:
    for i in range(len(fields)):
        whole = np.int64(0)
        for value in fields[i]:
            whole += np.int64(value * np.float32(_STEPS))
        total[i] = whole
