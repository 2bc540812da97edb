"""Resizing of frames to the resolution at which a suite corrupts them."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, TypeGuard

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from robustbench_endo.types import Sample

if TYPE_CHECKING:
    from robustbench_endo.corruptions.suite import Resolution


def target_size(size: tuple[int, int], resolution: Resolution) -> tuple[int, int]:
    """(height, width) of a frame of ``size`` at a resolution.

    >>> target_size((1024, 1280), 512), target_size((256, 320), 512)
    ((512, 640), (256, 320))
    """
    if resolution == "native":
        return size
    if isinstance(resolution, tuple):
        return resolution
    assert isinstance(resolution, int)
    factor = min(1.0, resolution / min(size))
    return round(size[0] * factor), round(size[1] * factor)


def at_resolution(sample: Sample, resolution: Resolution) -> Sample:
    """A sample at a resolution; the same object when its size does not change.

    The image is resized by Pillow's antialiased bilinear filter, whose integer arithmetic gives the same bytes on every
    machine. Targets of any task that are maps are resized by nearest neighbour: uint8 (H, W), and other tensors of the
    image's height and width. Other targets stay.

    Args:
        sample: with an image uint8 (3, H, W).
        resolution: short side in pixels (aspect kept, never enlarged), ``native``, or an exact (height, width).
    """
    size = target_size((sample.image.shape[1], sample.image.shape[2]), resolution)
    if size == tuple(sample.image.shape[1:]):
        return sample
    image = _resize(sample.image.permute(1, 2, 0), size, Image.Resampling.BILINEAR).permute(2, 0, 1).contiguous()
    targets = {
        task: _resize(target, size, Image.Resampling.NEAREST) if _is_map(target, sample.image) else target
        for task, target in sample.targets.items()
    }
    return dataclasses.replace(sample, image=image, targets=targets)


def _is_map(target: Tensor | int, image: Tensor) -> TypeGuard[Tensor]:
    if not isinstance(target, Tensor):
        return False
    return target.shape == image.shape[1:] or (target.ndim == 2 and target.dtype == torch.uint8)


def _resize(pixels: Tensor, size: tuple[int, int], method: Image.Resampling) -> Tensor:
    resized = Image.fromarray(pixels.numpy()).resize((size[1], size[0]), method)
    return torch.from_numpy(np.asarray(resized).copy())
