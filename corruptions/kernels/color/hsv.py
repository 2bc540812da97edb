"""HSV saturation and value without leaving RGB.

The HSV value of a pixel is its largest channel, its chroma the difference of the largest and the smallest; changing
saturation scales the distance of each channel from the largest, changing value scales all channels.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from robustbench_endo.corruptions.kernels.backend import Floats, Scalar, from_planes, to_planes, use_numba
from robustbench_endo.corruptions.kernels.compiled import njit


def scale_saturation(images: Tensor, gain: float, offset: float) -> Tensor:
    """(B, 3, H, W) with saturation s = (max - min) / max replaced by clamp(gain * s + offset, 0, 1).

    Grey pixels have no hue; as usual it counts as red.
    """
    if not use_numba(images.device):
        return scale_saturation_torch(images, gain, offset)
    planes = to_planes(images).reshape(*images.shape)
    out = np.empty_like(planes)
    _scale_saturation(planes, np.float32(gain), np.float32(offset), out)
    return from_planes(out.reshape(-1, *images.shape[-2:]), images)


def scale_saturation_torch(images: Tensor, gain: float, offset: float) -> Tensor:
    """:func:`scale_saturation` on any device."""
    value, low = images.amax(1, keepdim=True), images.amin(1, keepdim=True)
    chroma = value - low
    target = (gain * chroma + offset * value).clamp_min(0.0).minimum(value)
    coloured = value - (value - images) * (target / chroma.clamp_min(1e-20))
    grey = torch.cat((value, value - target, value - target), dim=1)
    return torch.where(chroma > 0, coloured, grey)


@njit(cache=True, nogil=True)
def _scale_saturation(planes: Floats, gain: Scalar, offset: Scalar, out: Floats) -> None:
    zero = np.float32(0.0)
    for b in range(len(planes)):
        for y in range(planes.shape[2]):
            red, green, blue = planes[b, 0, y], planes[b, 1, y], planes[b, 2, y]
            for x in range(planes.shape[3]):
                value = max(red[x], max(green[x], blue[x]))
                chroma = value - min(red[x], min(green[x], blue[x]))
                target = min(max(gain * chroma + offset * value, zero), value)
                if chroma > zero:
                    ratio = target / chroma
                    out[b, 0, y, x] = value - (value - red[x]) * ratio
                    out[b, 1, y, x] = value - (value - green[x]) * ratio
                    out[b, 2, y, x] = value - (value - blue[x]) * ratio
                else:
                    out[b, 0, y, x] = value
                    out[b, 1, y, x] = value - target
                    out[b, 2, y, x] = value - target


def offset_value(images: Tensor, offset: float) -> Tensor:
    """(B, 3, H, W) in [0, 1] with value v = max(r, g, b) replaced by clamp(v + offset, 0, 1).

    Black pixels have no hue: they become grey.
    """
    if not use_numba(images.device):
        return offset_value_torch(images, offset)
    planes = to_planes(images).reshape(*images.shape)
    out = np.empty_like(planes)
    _offset_value(planes, np.float32(offset), out)
    return from_planes(out.reshape(-1, *images.shape[-2:]), images)


def offset_value_torch(images: Tensor, offset: float) -> Tensor:
    """:func:`offset_value` on any device."""
    value = images.amax(1, keepdim=True)
    brighter = (value + offset).clamp(0.0, 1.0)
    return torch.where(value > 0, images * (brighter / value.clamp_min(1e-20)), brighter)


@njit(cache=True, nogil=True)
def _offset_value(planes: Floats, offset: np.float32, out: Floats) -> None:
    zero, one = np.float32(0.0), np.float32(1.0)
    for b in range(len(planes)):
        for y in range(planes.shape[2]):
            red, green, blue = planes[b, 0, y], planes[b, 1, y], planes[b, 2, y]
            for x in range(planes.shape[3]):
                value = max(red[x], max(green[x], blue[x]))
                brighter = min(max(value + offset, zero), one)
                black = value <= zero
                # An addition instead of a branch: black is 0 * ratio + brighter, the loop stays vectorised.
                grey, ratio = brighter if black else zero, brighter / (one if black else value)
                out[b, 0, y, x] = red[x] * ratio + grey
                out[b, 1, y, x] = green[x] * ratio + grey
                out[b, 2, y, x] = blue[x] * ratio + grey
