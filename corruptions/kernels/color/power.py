"""Powers of pixel values, identical for every number of CPU threads."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from robustbench_endo.corruptions.kernels.backend import Doubles, Floats, from_planes, to_planes, use_numba
from robustbench_endo.corruptions.kernels.compiled import njit


def power(images: Tensor, exponents: Tensor) -> Tensor:
    """Each image raised to its exponent, computed in float64.

    Args:
        images: (B, C, H, W) in [0, 1].
        exponents: (B, 1, 1, 1), positive.
    """
    if not use_numba(images.device):
        return power_torch(images, exponents)
    planes = to_planes(images)
    exponent = exponents.double().expand(-1, images.shape[1], 1, 1).reshape(-1).contiguous().numpy()
    return from_planes(_power(planes, exponent), images)


def power_torch(images: Tensor, exponents: Tensor) -> Tensor:
    """:func:`power` on any device."""
    return images.double().pow(exponents.double()).to(torch.float32)


@njit(cache=True, nogil=True)
def _power(planes: Floats, exponents: Doubles) -> Floats:
    out = np.empty_like(planes)
    levels = (np.arange(256) / 255.0).astype(np.float32)
    powers = np.empty(256, np.float32)
    for plane in range(len(planes)):
        for level in range(256):
            powers[level] = np.float64(levels[level]) ** exponents[plane]
        for y in range(planes.shape[1]):
            for x in range(planes.shape[2]):
                value = planes[plane, y, x]
                # Most frames contain 8-bit levels, whose powers are in the table, bit-identical.
                level = int(value * np.float32(255.0) + np.float32(0.5))
                if value == levels[level]:
                    out[plane, y, x] = powers[level]
                else:
                    out[plane, y, x] = np.float64(value) ** exponents[plane]
    return out
