"""Interlacing."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import grid_sample

from robustbench_endo.corruptions.base import Category, Corruption, Px
from robustbench_endo.corruptions.errors import CorruptionError
from robustbench_endo.corruptions.kernels.backend import Doubles, use_numba
from robustbench_endo.corruptions.kernels.host_values import upload
from robustbench_endo.corruptions.kernels.interpolation.interpolation_weights import InterpolationWeights, linear_at
from robustbench_endo.corruptions.kernels.interpolation.remap import identity_grid
from robustbench_endo.corruptions.kernels.interpolation.resample import resample
from robustbench_endo.corruptions.kernels.rng.noise_cells import cell_of_pixel
from robustbench_endo.corruptions.rng import Noise

_DIRECTION = 0  # stream
METHODS = ("weave", "bob")
"""Ways to make a frame of two fields."""


@dataclass(frozen=True)
class InterlacingParams:
    """Parameters of :class:`Interlacing`.

    Attributes:
        motion: movement of the scene between the two fields, in pixels; without effect on ``bob``.
        line: height of a video line, in pixels; at least one pixel of the image.
        deinterlacing: ``weave``: the lines of both fields alternate; ``bob``: the even lines only, the others are
            interpolated between them.
    """

    motion: Px
    line: Px = 0.5
    deinterlacing: Annotated[str, "weave or bob"] = "weave"

    def __post_init__(self) -> None:
        if self.deinterlacing not in METHODS:
            raise CorruptionError(
                f"Corruption interlacing: expected deinterlacing {' or '.join(METHODS)}, got {self.deinterlacing!r}."
            )


@dataclass(frozen=True)
class Interlacing(Corruption):
    """Two fields made one frame: the odd lines show the scene after a movement, in a direction of the frame.

    Fields that are woven show combs at moving edges. A bob deinterlacer shows one field: no combs, half the vertical
    resolution, stairs at slanted edges; its severity is the height of a line.

    >>> Interlacing().severities[2]
    InterlacingParams(motion=2.0, line=0.5, deinterlacing='weave')
    """

    name: ClassVar[str] = "interlacing"
    category: ClassVar[Category] = "digital"
    cause: ClassVar[str] = (
        "An interlaced camera or recorder (480i, 576i, 1080i) and a frame grabber that weaves or doubles fields."
    )
    citation: ClassVar[str] = "ITU-R BT.601, BT.709 (interlaced formats)."
    bounded: ClassVar[bool] = True

    severities: tuple[InterlacingParams, ...] = (
        InterlacingParams(0.7),
        InterlacingParams(1.3),
        InterlacingParams(2.0),
        InterlacingParams(3.5),
        InterlacingParams(6.0),
    )

    def apply(self, images: Tensor, params: InterlacingParams, noise: Noise) -> Tensor:
        """``images``, with the odd lines of ``images`` moved, or interpolated between the even ones."""
        if params.deinterlacing == "bob":
            return _even_lines(images, max(params.line, 1.0))
        angles = noise.host.uniform((1,), _DIRECTION).double().mul_(2.0 * np.pi)[:, 0].numpy()
        later = _moved(images, *_movements(params.motion, angles))
        odd = cell_of_pixel(images.shape[-2], params.line, images.device).remainder(2).bool()[:, None]
        return torch.where(odd, later, images)


def _movements(motion: float, angles: Doubles) -> tuple[Doubles, Doubles]:
    """Movement down and across of each frame, in pixels."""
    # Mostly sideways: the comb of a vertical movement is at most a line high.
    down = 0.35 * motion * np.sin(angles)
    return down, motion * np.copysign(np.sqrt(1.0 - (0.35 * np.sin(angles)) ** 2), np.cos(angles))


def _moved(images: Tensor, down: Doubles, across: Doubles) -> Tensor:
    height, width = images.shape[-2:]
    if use_numba(images.device):
        rows, columns = np.arange(height), np.arange(width)
        moved = [
            resample(images[b : b + 1], linear_at(rows + dy, height), linear_at(columns + dx, width))
            for b, (dy, dx) in enumerate(zip(down, across, strict=True))
        ]
        return torch.cat(moved)
    # Weights of each frame would be an upload each.
    shift = torch.from_numpy(np.stack((across * 2.0 / width, down * 2.0 / height), axis=-1)).float()
    grid = identity_grid(height, width, images.device) + upload((shift[:, None, None],), images.device)[0]
    return grid_sample(images, grid, mode="bilinear", padding_mode="border", align_corners=False)


def _even_lines(images: Tensor, line: float) -> Tensor:
    """The even lines, each the mean over its height, with linear interpolation between their centres."""
    height, width = images.shape[-2:]
    lines = _mean_of_even_lines(height, line)
    columns = linear_at(np.arange(width, dtype=np.float64), width)
    rows = (np.arange(height) - (line - 1.0) / 2.0) / (2.0 * line)
    return resample(resample(images, lines, columns), linear_at(rows, len(lines)), columns).clamp_(0.0, 1.0)


def _mean_of_even_lines(height: int, line: float) -> InterpolationWeights:
    top = np.minimum(2.0 * line * np.arange(math.ceil(height / (2.0 * line))), height - 1.0)
    taps = min(math.ceil(line) + 1, height)
    start = np.minimum(np.floor(top).astype(np.int64), height - taps)
    pixel = start[:, None] + np.arange(taps)
    overlap = (np.minimum(pixel + 1.0, top[:, None] + line) - np.maximum(pixel, top[:, None])).clip(0.0)
    return InterpolationWeights(start, (overlap / overlap.sum(1, keepdims=True)).astype(np.float32), height)
