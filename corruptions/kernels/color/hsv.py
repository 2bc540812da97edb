"""HSV saturation without leaving RGB: it scales the distance of each channel from the largest."""

from __future__ import annotations

import numpy as np
import torch
from numba import njit
from torch import Tensor

from robustbench_endo.corruptions.kernels.backend import Floats, Scalar, batch, compiled, planes


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


def raise_value(images: Tensor, offset: float) -> Tensor:
    """(B, 3, H, W) in [0, 1] with value v = max(r, g, b) turned into clamp(v + offset, 0, 1).

    Black pixels have no hue: they become grey.
    """
    if not compiled(images):
        return raise_value_torch(images, offset)
    stack = planes(images).reshape(*images.shape)
    result = np.empty_like(stack)
    _raise_value(stack, np.float32(offset), result)
    return batch(result.reshape(-1, *images.shape[-2:]), images)


def raise_value_torch(images: Tensor, offset: float) -> Tensor:
    """:func:`raise_value` on any device."""
    value = images.amax(1, keepdim=True)
    brighter = (value + offset).clamp(0.0, 1.0)
    return torch.where(value > 0, images * (brighter / value.clamp_min(1e-20)), brighter)


@njit(cache=True, nogil=True)
def _raise_value(stack: Floats, offset: np.float32, result: Floats) -> None:
    zero, one = np.float32(0.0), np.float32(1.0)
    for b in range(len(stack)):
        for y in range(stack.shape[2]):
            red, green, blue = stack[b, 0, y], stack[b, 1, y], stack[b, 2, y]
            for x in range(stack.shape[3]):
                value = max(red[x], max(green[x], blue[x]))
                brighter = min(max(value + offset, zero), one)
                black = value <= zero
                # An addition instead of a branch: black is 0 * ratio + brighter, the loop stays vectorised.
                grey, ratio = brighter if black else zero, brighter / (one if black else value)
                result[b, 0, y, x] = red[x] * ratio + grey
                result[b, 1, y, x] = green[x] * ratio + grey
                result[b, 2, y, x] = blue[x] * ratio + grey
