"""Means that do not depend on the order of the sum, the number of threads or the device.

Values are added as integer multiples of 2^-24, which is exact in any order.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from robustbench_endo.corruptions.kernels.backend import (
    Doubles,
    Floats,
    Indices,
    Scalar,
    from_planes,
    to_planes,
    use_numba,
)
from robustbench_endo.corruptions.kernels.compiled import njit

_STEPS_PER_UNIT = 2.0**24


def channel_mean(images: Tensor) -> Tensor:
    """The mean of each channel of (B, C, H, W) in [0, 1], as (B, C, 1, 1)."""
    count = images.shape[-2] * images.shape[-1]
    sums = _channel_sums(images) if use_numba(images.device) else channel_sums_torch(images)
    return (sums.double() / (_STEPS_PER_UNIT * count)).float()[..., None, None]


def scale_contrast(images: Tensor, factor: float) -> Tensor:
    """``mean + factor (images - mean)``, with the mean of each channel of (B, C, H, W)."""
    mean = channel_mean(images)
    if not use_numba(images.device):
        return (images - mean).mul_(factor).add_(mean)
    planes = to_planes(images)
    out = np.empty_like(planes)
    _scale_contrast(planes, mean.reshape(-1).numpy(), np.float32(factor), out)
    return from_planes(out, images)


def channel_sums_torch(images: Tensor) -> Tensor:
    """The sum of each channel of (B, C, H, W) in [0, 1] in units of 2^-24, int64 (B, C)."""
    return (images * _STEPS_PER_UNIT).long().sum((-2, -1))


def _channel_sums(images: Tensor) -> Tensor:
    return torch.from_numpy(_plane_sums(to_planes(images))).reshape(images.shape[:2])


@njit(cache=True, nogil=True)
def _plane_sums(planes: Floats) -> Indices:
    totals = np.zeros(len(planes), np.int64)
    for plane in range(len(planes)):
        for y in range(planes.shape[1]):
            for x in range(planes.shape[2]):
                # Values in [0, 1] fit int32, to which a conversion is vectorised.
                totals[plane] += np.int32(planes[plane, y, x] * np.float32(16777216.0))
    return totals


@njit(cache=True, nogil=True)
def _scale_contrast(planes: Floats, means: Floats, factor: Scalar, out: Floats) -> None:
    for plane in range(len(planes)):
        mean = means[plane]
        for y in range(planes.shape[1]):
            source, target = planes[plane, y], out[plane, y]
            for x in range(len(source)):
                target[x] = (source[x] - mean) * factor + mean


def deterministic_mean(fields: Tensor) -> Tensor:
    """The mean of (..., h, w) with |values| < 2^16 over the last two axes, as (..., 1, 1)."""
    count = fields.shape[-2] * fields.shape[-1]
    if use_numba(fields.device):
        total = np.empty((*fields.shape[:-2], 1, 1))
        _field_sums(to_planes(fields).reshape(-1, count), total.reshape(-1))
        return torch.from_numpy(total * (1.0 / _STEPS_PER_UNIT / count)).float()
    steps = (fields * _STEPS_PER_UNIT).to(torch.int64).sum((-2, -1), keepdim=True)
    return (steps.double() * (1.0 / _STEPS_PER_UNIT / count)).float()


@njit(cache=True, nogil=True)
def _field_sums(fields: Floats, total: Doubles) -> None:
    for i in range(len(fields)):
        steps = np.int64(0)
        for value in fields[i]:
            steps += np.int64(value * np.float32(_STEPS_PER_UNIT))
        total[i] = steps
