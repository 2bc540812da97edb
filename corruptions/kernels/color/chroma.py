"""Saturation in linear light: the distance of the channels from their luminance, scaled without leaving the gamut.

The distance ``r`` of a colour from the grey of its luminance is 1 at the edge of the gamut, where a channel is black or
white. It becomes ``g r / (1 + (g - 1) r)``, which has the slope ``g`` at grey and rolls off towards the edge without a
flat part. ``g`` falls to 1 where the channels differ by a few 8-bit levels, which is noise.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from robustbench_endo.corruptions.kernels.backend import (
    Bytes,
    Floats,
    Scalar,
    from_planes,
    to_planes,
    use_numba,
)
from robustbench_endo.corruptions.kernels.color.byte_table import look_up
from robustbench_endo.corruptions.kernels.color.light_contrast import light_bytes
from robustbench_endo.corruptions.kernels.color.linear_light import to_encoded, to_linear
from robustbench_endo.corruptions.kernels.color.tone_curve import POSITIONS, interpolate_tables
from robustbench_endo.corruptions.kernels.compiled import njit
from robustbench_endo.corruptions.kernels.device_tables import device_table

_RED, _GREEN, _BLUE = np.float32(0.2126), np.float32(0.7152), np.float32(0.0722)  # luminance (ITU-R BT.709)
_NOISE = np.float32(2 / 255)  # difference of the channels up to which nothing changes
_SOFT = np.float32((8 / 255) ** 2)  # squared difference beyond it at which half of the gain is reached
_LEVELS = len(POSITIONS) - 1
_STEPS = 8192  # of the table of encoded values
_TINY = np.float32(1e-6)
# Chebyshev fit of 1.055 s^(5/6) - 0.055 for s from 0.056 to 1.
_C0, _C1, _C2 = np.float32(-0.04011023), np.float32(1.51795889), np.float32(-1.40278547)
_C3, _C4, _C5 = np.float32(2.03172886), np.float32(-1.62387465), np.float32(0.51740859)
_ZERO, _ONE = np.float32(0.0), np.float32(1.0)
_STEPS_PER_UNIT = np.float32(_STEPS)
_LAST = np.float32(_STEPS - 0.01)


def scale_chroma(images: Tensor, gain: float) -> Tensor:
    """(B, 3, H, W) in [0, 1] with the saturation of linear light scaled by ``gain``, at least 1."""
    if not use_numba(images.device):
        return scale_chroma_torch(images, gain)
    planes = to_planes(images).reshape(*images.shape)
    out = np.empty_like(planes)
    _scale_chroma(planes, _curve("decode"), _curve("encode"), np.float32(gain), out)
    return from_planes(out.reshape(-1, *images.shape[-2:]), images)


def scale_chroma_bytes(frame: Bytes, gain: float) -> Bytes:
    """:func:`scale_chroma` of 8-bit levels (H, W, 3), to the nearest level or the one next to it."""
    source = np.ascontiguousarray(frame)
    out = np.empty_like(source)
    _scale_chroma_bytes(source, *light_bytes(), np.float32(gain), out)
    return out


@lru_cache(maxsize=2)
def _curve(name: Literal["decode", "encode"]) -> Floats:
    """Light by encoded value, or encoded value by light."""
    curve = to_linear(POSITIONS) if name == "decode" else to_encoded(np.arange(_STEPS + 1) / _STEPS)
    return curve.astype(np.float32)


def scale_chroma_torch(images: Tensor, gain: float) -> Tensor:
    """:func:`scale_chroma` on any device."""
    decode, encode = (device_table(_curve, images.device, name)[None, None] for name in ("decode", "encode"))
    light = interpolate_tables(images, decode, _LEVELS, _LEVELS)
    luminance = light[:, :1] * float(_RED)
    luminance.add_(light[:, 1:2], alpha=float(_GREEN)).add_(light[:, 2:], alpha=float(_BLUE))
    low, high = torch.aminmax(images, dim=1, keepdim=True)
    excess = high.sub_(low).sub_(float(_NOISE)).clamp_min_(0.0).square_()
    extra = (excess / (excess + float(_SOFT))).mul_(gain - 1.0)
    darkest, brightest = torch.aminmax(light, dim=1, keepdim=True)
    dark = (luminance - darkest).div_(luminance + float(_TINY))
    bright = (brightest - luminance).div_(1.0 - luminance + float(_TINY))
    factor = (1.0 + extra) / (1.0 + extra * torch.maximum(dark, bright))
    light = torch.lerp(luminance, light, factor)
    return interpolate_tables(light, encode, float(_STEPS_PER_UNIT), float(_LAST))


@njit(cache=True, nogil=True, inline="always", error_model="numpy")
def _factor(r: Scalar, g: Scalar, b: Scalar, difference: Scalar, luminance: Scalar, extra: Scalar) -> Scalar:
    excess = max(difference - _NOISE, _ZERO)
    excess *= excess
    extra = extra * (excess / (excess + _SOFT))
    dark = (luminance - min(r, min(g, b))) / (luminance + _TINY)
    bright = (max(r, max(g, b)) - luminance) / (_ONE - luminance + _TINY)
    share = max(dark, bright)
    return (_ONE + extra) / (_ONE + extra * share)


@njit(cache=True, nogil=True)
def _scale_chroma(planes: Floats, decode: Floats, encode: Floats, gain: Scalar, out: Floats) -> None:
    light = np.empty((3, planes.shape[3]), np.float32)
    for b in range(len(planes)):
        for y in range(planes.shape[2]):
            for c in range(3):
                _lerp(planes[b, c, y], decode, np.float32(_LEVELS), np.float32(_LEVELS), light[c])
            _scale_row(light, planes[b, 0, y], planes[b, 1, y], planes[b, 2, y], gain - _ONE)
            for c in range(3):
                _lerp(light[c], encode, _STEPS_PER_UNIT, _LAST, out[b, c, y])


@njit(cache=True, nogil=True, error_model="numpy")
def _scale_row(light: Floats, red: Floats, green: Floats, blue: Floats, extra: Scalar) -> None:
    for x in range(light.shape[1]):
        r, g, b = light[0, x], light[1, x], light[2, x]
        luminance = r * _RED + g * _GREEN + b * _BLUE
        difference = max(red[x], max(green[x], blue[x])) - min(red[x], min(green[x], blue[x]))
        factor = _factor(r, g, b, difference, luminance, extra)
        light[0, x] = luminance + (r - luminance) * factor
        light[1, x] = luminance + (g - luminance) * factor
        light[2, x] = luminance + (b - luminance) * factor


@njit(cache=True, nogil=True)
def _lerp(source: Floats, table: Floats, scale: Scalar, last: Scalar, target: Floats) -> None:
    following = table[1:]
    for x in range(len(source)):
        position = min(max(source[x] * scale, _ZERO), last)
        first = min(np.int32(position), np.int32(len(table) - 2))
        low = table[first]
        target[x] = low + (position - np.float32(first)) * (following[first] - low)


@njit(cache=True, nogil=True)
def _scale_chroma_bytes(frame: Bytes, low: Bytes, high: Bytes, gain: Scalar, out: Bytes) -> None:
    # One loop over a row for each step, and no look-up but those of bytes: all is vectorised.
    width = frame.shape[1]
    lower, upper = np.empty(3 * width, np.uint8), np.empty(3 * width, np.uint8)
    light, factor, luminance = np.empty(3 * width, np.float32), np.empty(width, np.float32), np.empty(width, np.float32)
    for y in range(frame.shape[0]):
        source = frame[y].reshape(-1)
        look_up(low, source, lower)
        look_up(high, source, upper)
        for i in range(3 * width):
            light[i] = np.float32(np.int32(upper[i]) * 256 + np.int32(lower[i])) * np.float32(1 / 65535)
        _row_factors(source, light, gain - _ONE, luminance, factor)
        for x in range(width):
            for c in range(3):
                light[3 * x + c] = luminance[x] + (light[3 * x + c] - luminance[x]) * factor[x]
        _encode_row(light, out[y].reshape(-1))


@njit(cache=True, nogil=True)
def _encode_row(light: Floats, target: Bytes) -> None:
    """The levels of light, to 0.1 level: the power of sRGB as a polynomial of the square root."""
    for i in range(len(target)):
        value = min(max(light[i], _ZERO), _ONE)
        s = np.sqrt(value)
        high = ((((_C5 * s + _C4) * s + _C3) * s + _C2) * s + _C1) * s + _C0
        level = value * np.float32(12.92) if value <= np.float32(0.0031308) else high
        target[i] = np.uint8(np.int32(min(level, _ONE) * np.float32(255) + np.float32(0.5)))


@njit(cache=True, nogil=True, error_model="numpy")
def _row_factors(source: Bytes, light: Floats, extra: Scalar, luminance: Floats, factor: Floats) -> None:
    for x in range(len(factor)):
        red, green, blue = np.int32(source[3 * x]), np.int32(source[3 * x + 1]), np.int32(source[3 * x + 2])
        r, g, b = light[3 * x], light[3 * x + 1], light[3 * x + 2]
        difference = np.float32(max(red, max(green, blue)) - min(red, min(green, blue))) * np.float32(1 / 255)
        luminance[x] = r * _RED + g * _GREEN + b * _BLUE
        factor[x] = _factor(r, g, b, difference, luminance[x], extra)
