"""The mean of linear light, and curves that mix light with it.

Light is added as integers of 16 bits, which is exact in any order: the mean of an 8-bit frame by the counts of
its levels is that of the same frame as values.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from robustbench_endo.corruptions.kernels.backend import Bytes, Floats, Indices, to_planes, use_numba
from robustbench_endo.corruptions.kernels.color.byte_table import sums_of_16_bits
from robustbench_endo.corruptions.kernels.color.linear_light import to_encoded, to_linear
from robustbench_endo.corruptions.kernels.color.tone_curve import (
    POSITIONS,
    STEPS_PER_LEVEL,
    apply_curves,
    level_tables,
)
from robustbench_endo.corruptions.kernels.compiled import njit
from robustbench_endo.corruptions.kernels.device_tables import device_table

_UNIT = 65535
"""Light is added in these parts of white: 16 bits."""


@lru_cache(maxsize=1)
def light_curve() -> Floats:
    """(1, 1, n): the light at each of the ``POSITIONS``, in steps of 1 / 65535."""
    return (np.rint(to_linear(POSITIONS) * _UNIT) / _UNIT).astype(np.float32)[None, None]


def mean_light(images: Tensor) -> Tensor:
    """The mean light of each channel of encoded (B, C, H, W), as (B, C, 1)."""
    if use_numba(images.device):
        sums = torch.from_numpy(_light_sums(to_planes(images), light_curve()[0, 0])).reshape(images.shape[:2])
    else:
        light = apply_curves(images, device_table(light_curve, images.device))
        sums = light.mul_(_UNIT).add_(0.5).int().sum((-2, -1), dtype=torch.int64)
    return _mean(sums, images.shape[-2:])[..., None]


@njit(cache=True, nogil=True)
def _light_sums(planes: Floats, table: Floats) -> Indices:
    sums = np.zeros(len(planes), np.int64)
    following, last = table[1:], np.int32(len(table) - 2)
    for plane in range(len(planes)):
        for y in range(planes.shape[1]):
            row = planes[plane, y]
            total = np.int64(0)
            for x in range(len(row)):
                position = row[x] * np.float32(last + 1)
                first = min(np.int32(position), last)
                low = table[first]
                light = low + (position - np.float32(first)) * (following[first] - low)
                total += np.int32(light * np.float32(_UNIT) + np.float32(0.5))
            sums[plane] += total
    return sums


def mean_light_bytes(frame: Bytes) -> Floats:
    """:func:`mean_light` of 8-bit (H, W, 3), as (3, 1)."""
    sums = sums_of_16_bits(np.ascontiguousarray(frame), *light_bytes())
    mean: Floats = (sums / (_UNIT * frame.shape[0] * frame.shape[1])).astype(np.float32)
    return mean[:, None]


def _mean(sums: Tensor, size: Sequence[int]) -> Tensor:
    return (sums.double() / (_UNIT * size[0] * size[1])).float()


@lru_cache(maxsize=1)
def light_bytes() -> tuple[Bytes, Bytes]:
    """Low and high byte (1, 256) of the light of the 256 levels, in 1 / 65535 of white."""
    steps = np.rint(light_curve()[0, :, ::STEPS_PER_LEVEL].astype(np.float64) * _UNIT).astype(np.int64)
    return (steps & 255).astype(np.uint8), (steps >> 8).astype(np.uint8)


def mixture_curves(mean: Tensor, factor: float) -> Tensor:
    """(B, C, n): the encoded value of ``factor`` times light and 1 - ``factor`` times ``mean`` (B, C, 1)."""
    if mean.device.type == "cpu":
        return torch.from_numpy(_mixture(mean.numpy(), factor, 1))
    light = device_table(_light, mean.device, 1)
    mixed = (mean + factor * (light - mean)).clamp_(0.0, 1.0)
    power = 1.055 * mixed.double().clamp_min(1e-9).pow(1 / 2.4) - 0.055
    return torch.where(mixed <= 0.0031308, mixed.double() * 12.92, power).float()


def mixture_tables(mean: Floats, factor: float) -> Bytes:
    """:func:`mixture_curves` of one image with ``mean`` (C, 1) at the 256 levels, rounded to levels: uint8 (C, 256)."""
    return level_tables(_mixture(mean, factor, STEPS_PER_LEVEL), 1)


def _mixture(mean: Floats, factor: float, stride: int) -> Floats:
    mixed = (mean + np.float32(factor) * (_light(stride) - mean)).clip(0.0, 1.0)
    return to_encoded(mixed.astype(np.float64)).astype(np.float32)


@lru_cache(maxsize=2)
def _light(stride: int) -> Floats:
    return to_linear(POSITIONS[::stride]).astype(np.float32)
