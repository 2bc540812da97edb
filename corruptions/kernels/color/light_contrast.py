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

from robustbench_endo.corruptions.kernels.backend import Bytes, Floats
from robustbench_endo.corruptions.kernels.color.byte_table import sums_of_16_bits
from robustbench_endo.corruptions.kernels.color.linear_light import to_encoded, to_linear
from robustbench_endo.corruptions.kernels.color.tone_curve import POSITIONS, apply_curves

_UNIT = 65535
"""Light is added in these parts of white: 16 bits."""


@lru_cache(maxsize=1)
def light_curve() -> Floats:
    """(1, 1, n): the light at each of the ``POSITIONS``, in steps of 1 / 65535."""
    return (np.rint(to_linear(POSITIONS) * _UNIT) / _UNIT).astype(np.float32)[None, None]


def mean_light(images: Tensor) -> Tensor:
    """The mean light of each channel of encoded (B, C, H, W), as (B, C, 1)."""
    light = apply_curves(images, torch.from_numpy(light_curve()).to(images.device))
    sums = light.mul_(_UNIT).add_(0.5).int().sum((-2, -1), dtype=torch.int64)
    return _mean(sums, images.shape[-2:])[..., None]


def mean_light_bytes(frame: Bytes) -> Tensor:
    """:func:`mean_light` of 8-bit (H, W, 3), as (1, 3, 1)."""
    sums = sums_of_16_bits(np.ascontiguousarray(frame), *light_bytes())
    return _mean(torch.from_numpy(sums), frame.shape[:2])[None, :, None]


def _mean(sums: Tensor, size: Sequence[int]) -> Tensor:
    return (sums.double() / (_UNIT * size[0] * size[1])).float()


@lru_cache(maxsize=1)
def light_bytes() -> tuple[Bytes, Bytes]:
    """Low and high byte of the light of the 256 levels, in 1 / 65535 of white."""
    steps = np.rint(light_curve()[0, 0, ::16].astype(np.float64) * _UNIT).astype(np.int64)
    return (steps & 255).astype(np.uint8), (steps >> 8).astype(np.uint8)


def mixture_curves(mean: Tensor, factor: float) -> Tensor:
    """(B, C, n): the encoded value of ``factor`` times light and 1 - ``factor`` times ``mean`` (B, C, 1)."""
    light = torch.from_numpy(to_linear(POSITIONS).astype(np.float32)).to(mean.device)
    mixed = (mean + factor * (light - mean)).clamp(0.0, 1.0)
    if mean.device.type == "cpu":
        return torch.from_numpy(to_encoded(mixed.double().numpy()).astype(np.float32))
    power = 1.055 * mixed.double().clamp_min(1e-9).pow(1 / 2.4) - 0.055
    return torch.where(mixed <= 0.0031308, mixed.double() * 12.92, power).float()
