"""HSV saturation without leaving RGB: it scales the distance of each channel from the largest."""

from __future__ import annotations

import numpy as np
import torch
from numba import njit
from torch import Tensor

from ..backend import Floats, Scalar, batch, compiled, planes


def saturate(images: Tensor, gain: float, offset: float) -> Tensor:
    """(B, 3, H, W) with saturation s = (max - min) / max turned into clamp(gain * s + offset, 0, 1).

    Grey pixels have no hue; as usual it counts as red.
    """
    if not compiled(images):
        return saturate_torch(images, gain, offset)
    stack = planes(images).reshape(*images.shape)
    result = np.empty_like(stack)
    _saturate(stack, np.float32(gain), np.float32(offset), result)
    return batch(result.reshape(-1, *images.shape[-2:]), images)


def saturate_torch(images: Tensor, gain: float, offset: float) -> Tensor:
    """:func:`saturate` on any device."""
    value, low = images.amax(1, keepdim=True), images.amin(1, keepdim=True)
    chroma = value - low
    target = (gain * chroma + offset * value).clamp_min(0.0).minimum(value)
    coloured = value - (value - images) * (target / chroma.clamp_min(1e-20))
    grey = torch.cat((value, value - target, value - target), dim=1)
    return torch.where(chroma > 0, coloured, grey)


@njit(cache=True, nogil=True)
def _saturate(stack: Floats, gain: Scalar, offset: Scalar, result: Floats) -> None:
    zero = np.float32(0.0)
    for b in range(len(stack)):
        for y in range(stack.shape[2]):
            red, green, blue = stack[b, 0, y], stack[b, 1, y], stack[b, 2, y]
            for x in range(stack.shape[3]):
                value = max(red[x], max(green[x], blue[x]))
                chroma = value - min(red[x], min(green[x], blue[x]))
                target = min(max(gain * chroma + offset * value, zero), value)
                if chroma > zero:
                    ratio = target / chroma
                    result[b, 0, y, x] = value - (value - red[x]) * ratio
                    result[b, 1, y, x] = value - (value - green[x]) * ratio
                    result[b, 2, y, x] = value - (value - blue[x]) * ratio
                else:
                    result[b, 0, y, x] = value
                    result[b, 1, y, x] = value - target
                    result[b, 2, y, x] = value - target
