"""Linear light of images and back, by interpolated tables that are identical for every number of threads."""

from __future__ import annotations

import numpy as np
from torch import Tensor

from robustbench_endo.corruptions.kernels.backend import Floats
from robustbench_endo.corruptions.kernels.color.linear_light import to_encoded, to_linear
from robustbench_endo.corruptions.kernels.color.tone_curve import POSITIONS, apply_curves
from robustbench_endo.corruptions.kernels.device_tables import device_table


def to_light(images: Tensor) -> Tensor:
    """Light, as a share of white, of sRGB values (B, C, H, W) in [0, 1].

    >>> import torch
    >>> round(float(to_light(torch.full((1, 1, 1, 1), 0.5))), 3)
    0.214
    """
    return apply_curves(images, device_table(_linear_curve, images.device))


def to_values(light: Tensor) -> Tensor:
    """Inverse of :func:`to_light`; light above white is clipped.

    >>> import torch
    >>> to_values(torch.tensor([-1.0, 1.0, 2.0]).reshape(1, 1, 1, 3)).tolist()
    [[[[0.0, 1.0, 1.0]]]]
    """
    return apply_curves(light.clamp(0.0, 1.0), device_table(_encoded_curve, light.device))


def _linear_curve() -> Floats:
    return to_linear(POSITIONS).astype(np.float32)[None, None]


def _encoded_curve() -> Floats:
    return to_encoded(POSITIONS).astype(np.float32)[None, None]
