"""The mean of each channel, exact."""

from __future__ import annotations

import numpy as np
import torch
from numba import njit
from torch import Tensor

from robustbench_endo.corruptions.kernels.backend import Floats, Indices, Scalar, batch, compiled, planes

_UNIT = 2.0**24


def channel_mean(images: Tensor) -> Tensor:
    """The mean of (B, C, H, W) in [0, 1] as (B, C, 1, 1).

    Px are added as whole multiples of 2^-24: the sum does not depend on the order, the threads or the device.
    """
    count = images.shape[-2] * images.shape[-1]
    whole = _whole_sums(images) if compiled(images) else whole_sums_torch(images)
    return (whole.double() / (_UNIT * count)).float()[..., None, None]


def towards_mean(images: Tensor, factor: float) -> Tensor:
    """(B, C, H, W) with each pixel's distance from the mean of its channel multiplied by ``factor``."""
    mean = channel_mean(images)
    if not compiled(images):
        return (images - mean).mul_(factor).add_(mean)
    stack = planes(images)
    result = np.empty_like(stack)
    _towards(stack, mean.reshape(-1).numpy(), np.float32(factor), result)
    return batch(result, images)


def whole_sums_torch(images: Tensor) -> Tensor:
    """The sum of each channel in units of 2^-24, int64 (B, C)."""
    return (images * _UNIT).long().sum((-2, -1))


def _whole_sums(images: Tensor) -> Tensor:
    return torch.from_numpy(_sums(planes(images))).reshape(images.shape[:2])


@njit(cache=True, nogil=True)
def _sums(stack: Floats) -> Indices:
    totals = np.zeros(len(stack), np.int64)
    for plane in range(len(stack)):
        for y in range(stack.shape[1]):
            for x in range(stack.shape[2]):
                totals[plane] += np.int32(stack[plane, y, x] * np.float32(16777216.0))
    return totals


@njit(cache=True, nogil=True)
def _towards(stack: Floats, means: Floats, factor: Scalar, result: Floats) -> None:
    for plane in range(len(stack)):
        mean = means[plane]
        for y in range(stack.shape[1]):
            source, target = stack[plane, y], result[plane, y]
            for x in range(len(source)):
                target[x] = (source[x] - mean) * factor + mean
