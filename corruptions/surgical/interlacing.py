"""Interlacing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from robustbench_endo.corruptions.base import Category, Corruption, Px
from robustbench_endo.corruptions.kernels.interpolation.interpolation_weights import linear_at
from robustbench_endo.corruptions.kernels.interpolation.resample import resample
from robustbench_endo.corruptions.rng import Noise

_DIRECTION = 0  # stream


@dataclass(frozen=True)
class InterlacingParams:
    """Parameters of :class:`Interlacing`.

    Attributes:
        motion: movement of the scene between the two fields, in pixels.
        line: height of a video line, in pixels; at least one pixel of the image.
    """

    motion: Px
    line: Px = 0.5


@dataclass(frozen=True)
class Interlacing(Corruption):
    """Two fields woven into one frame: the odd lines show the scene after a movement, in a direction of the frame.

    >>> Interlacing().severities[2]
    InterlacingParams(motion=2.0, line=0.5)
    """

    name: ClassVar[str] = "interlacing"
    category: ClassVar[Category] = "digital"
    cause: ClassVar[str] = (
        "An interlaced camera or recorder (480i, 576i, 1080i) and a frame grabber that weaves fields."
    )
    citation: ClassVar[str] = "De Haan & Bellers, Proceedings of the IEEE 86(9), 1998 (deinterlacing)."
    bounded: ClassVar[bool] = True

    severities: tuple[InterlacingParams, ...] = (
        InterlacingParams(0.7),
        InterlacingParams(1.3),
        InterlacingParams(2.0),
        InterlacingParams(3.5),
        InterlacingParams(6.0),
    )

    def apply(self, images: Tensor, params: InterlacingParams, noise: Noise) -> Tensor:
        """``images``, with the odd lines of ``images`` moved."""
        angles = noise.uniform((1,), _DIRECTION).double().mul_(2.0 * np.pi)[:, 0].tolist()
        later = [_moved(images[b : b + 1], params.motion, angle) for b, angle in enumerate(angles)]
        lines = torch.arange(images.shape[-2], device=images.device).div(max(params.line, 1.0), rounding_mode="floor")
        odd = lines.remainder(2).bool()[:, None]
        return torch.where(odd, torch.cat(later), images)


def _moved(images: Tensor, motion: float, angle: float) -> Tensor:
    height, width = images.shape[-2:]
    # Mostly sideways: the comb of a vertical movement is at most a line high.
    dy, dx = (
        0.35 * motion * np.sin(angle),
        motion * np.copysign(np.sqrt(1.0 - (0.35 * np.sin(angle)) ** 2), np.cos(angle)),
    )
    return resample(images, linear_at(np.arange(height) + dy, height), linear_at(np.arange(width) + dx, width))
