"""Salt and pepper, in one pass on the CPU."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from torch import Tensor

from .backend import batch, compiled, planes


def salt_and_pepper(images: Tensor, draw: Tensor, share: float) -> Tensor:
    """``images`` (B, C, H, W), black where ``draw`` (same shape) < share / 2 and white where it is > 1 - share / 2."""
    if not compiled(images):
        return images.masked_fill(draw < share / 2, 0.0).masked_fill(draw > 1 - share / 2, 1.0)
    stack = planes(images)
    result = np.empty_like(stack)
    _salt_and_pepper(stack, planes(draw), np.float32(share / 2), np.float32(1 - share / 2), result)
    return batch(result, images)


@njit(cache=True, nogil=True)
def _salt_and_pepper(stack: Any, draw: Any, pepper: Any, salt: Any, result: Any) -> None:
    for plane in range(stack.shape[0]):
        for y in range(stack.shape[1]):
            for x in range(stack.shape[2]):
                value = stack[plane, y, x] if draw[plane, y, x] >= pepper else np.float32(0)
                result[plane, y, x] = value if draw[plane, y, x] <= salt else np.float32(1)
