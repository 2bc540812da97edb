"""Bringing frames to the resolution at which a suite corrupts them."""

from __future__ import annotations

import dataclasses
from typing import Literal, TypeGuard

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from robustbench_endo.types import Sample

Resolution = int | Literal["native"] | tuple[int, int]
"""Short side in pixels (aspect kept, never enlarged), the frame's own, or an exact (height, width)."""


def target_size(size: tuple[int, int], resolution: Resolution) -> tuple[int, int]:
    """(height, width) of a frame of ``size`` at a resolution."""
    if resolution == "native":
        return size
    if isinstance(resolution, tuple):
        return resolution
    assert isinstance(resolution, int)
    factor = min(1.0, resolution / min(size))
    return round(size[0] * factor), round(size[1] * factor)


def at_resolution(sample: Sample, resolution: Resolution) -> Sample:
    """The sample at a resolution: the image by Pillow's antialiased bilinear filter, whose integer arithmetic gives
    the same bytes everywhere; the mask by nearest neighbour."""
    size = target_size((sample.image.shape[1], sample.image.shape[2]), resolution)
    if size == tuple(sample.image.shape[1:]):
        return sample
    image = _resized(sample.image.permute(1, 2, 0), size, Image.Resampling.BILINEAR).permute(2, 0, 1).contiguous()
    targets = {
        task: _resized(target, size, Image.Resampling.NEAREST) if _is_map(target) else target
        for task, target in sample.targets.items()
    }
    return dataclasses.replace(sample, image=image, targets=targets)


def _is_map(target: Tensor | int) -> TypeGuard[Tensor]:
    return isinstance(target, Tensor) and target.ndim == 2


def _resized(pixels: Tensor, size: tuple[int, int], how: Image.Resampling) -> Tensor:
    picture = Image.fromarray(pixels.numpy()).resize((size[1], size[0]), how)
    return torch.from_numpy(np.asarray(picture).copy())
