"""Linear light of images and back, by interpolated tables that are identical for every number of threads."""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import Tensor

from robustbench_endo.corruptions.kernels.color.linear_light import to_encoded, to_linear
from robustbench_endo.corruptions.kernels.color.tone_curve import POSITIONS, apply_curves


def to_light(images: Tensor) -> Tensor:
    """Light, as a share of white, of sRGB values (B, C, H, W) in [0, 1].

    >>> round(float(to_light(torch.full((1, 1, 1, 1), 0.5))), 3)
    0.214
    """
    return apply_curves(images, _linear_curve().to(images.device))


def to_values(light: Tensor) -> Tensor:
    """Inverse of :func:`to_light`; light above white is clipped.

    >>> to_values(torch.tensor([-1.0, 1.0, 2.0]).reshape(1, 1, 1, 3)).tolist()
    [[[[0.0, 1.0, 1.0]]]]
    """
    return apply_curves(light.clamp(0.0, 1.0), _encoded_curve().to(light.device))


@lru_cache(maxsize=1)
def _linear_curve() -> Tensor:
    return torch.from_numpy(to_linear(POSITIONS)).float()[None, None]


@lru_cache(maxsize=1)
def _encoded_curve() -> Tensor:
    return torch.from_numpy(to_encoded(POSITIONS)).float()[None, None]
