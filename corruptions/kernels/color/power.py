"""Powers of pixel values, the same on every CPU thread layout."""

from __future__ import annotations

import numpy as np
import torch
from numba import njit
from numpy.typing import NDArray
from torch import Tensor

from robustbench_endo.corruptions.kernels.backend import Floats, batch, compiled, planes


def power(images: Tensor, exponents: Tensor) -> Tensor:
    """(B, C, H, W) in [0, 1] to the positive power of each image's exponent (B, 1, 1, 1), computed in float64."""
    if not compiled(images):
        return power_torch(images, exponents)
    stack = planes(images)
    exponent = exponents.double().expand(-1, images.shape[1], 1, 1).reshape(-1).contiguous().numpy()
    return batch(_power(stack, exponent), images)


def power_torch(images: Tensor, exponents: Tensor) -> Tensor:
    """:func:`power` on any device."""
    return images.double().pow(exponents.double()).to(torch.float32)


@njit(cache=True, nogil=True)
def _power(stack: Floats, exponents: NDArray[np.float64]) -> Floats:
    result = np.empty_like(stack)
    levels = (np.arange(256) / 255.0).astype(np.float32)
    table = np.empty(256, np.float32)
    for plane in range(len(stack)):
        for level in range(256):
            table[level] = np.float64(levels[level]) ** exponents[plane]
        for y in range(stack.shape[1]):
            for x in range(stack.shape[2]):
                value = stack[plane, y, x]
                # Most frames hold 8-bit levels: the table has their powers, to the same bit.
                level = int(value * np.float32(255.0) + np.float32(0.5))
                if value == levels[level]:
                    result[plane, y, x] = table[level]
                else:
                    result[plane, y, x] = np.float64(value) ** exponents[plane]
    return result
