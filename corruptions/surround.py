"""The black surround of a scope: filled with scene before a corruption, and put back after it.

Light, optics and sensor act on what the scope sees, before the video processor masks the frame. A corruption is
therefore applied to a frame without a surround: blur does not pull black into the scene, statistics are those of the
scene, and the surround keeps its pixels.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from robustbench_endo.corruptions.content_area import ContentArea, Outside
from robustbench_endo.corruptions.kernels.backend import use_numba
from robustbench_endo.corruptions.kernels.content_area.exchange import (
    copy_levels,
    copy_pixels,
    fade_in,
    fade_in_levels,
)
from robustbench_endo.corruptions.kernels.interpolation.remap import identity_grid

Areas = Sequence[ContentArea | None]


@lru_cache(maxsize=64)
def _on_device(area: ContentArea, device: torch.device) -> Outside:
    return Outside(*(part.to(device) for part in area.outside))


def _outside(area: ContentArea, device: torch.device) -> Outside:
    return area.outside if device.type == "cpu" else _on_device(area, device)


def fill_surround(images: Tensor, areas: Areas) -> Tensor:
    """``images`` (B, 3, H, W) with the scene continued over the surround; ``images`` itself where there is none."""
    if not any(areas):
        return images
    filled = images.clone()
    for image, area in zip(filled.flatten(2), areas, strict=True):
        if area is not None:
            pixels, sources, _ = _outside(area, images.device)
            if use_numba(images.device):
                copy_pixels(image.numpy(), pixels.numpy(), sources.numpy())
            else:
                image[:, pixels] = image[:, sources]
    return filled


def restore_surround(corrupted: Tensor, images: Tensor, filled: Tensor, areas: Areas) -> None:
    """Put the surround of ``images`` back; in its soft edge the corruption fades out.

    Args:
        corrupted: the corruption of ``filled``, (B, 3, H, W); modified.
        images: the images before the corruption.
        filled: what :func:`fill_surround` made of them.
        areas: content area of each image.
    """
    for target, image, scene, area in zip(
        corrupted.flatten(2), images.flatten(2), filled.flatten(2), areas, strict=True
    ):
        if area is not None:
            pixels, _, inside = _outside(area, images.device)
            if use_numba(images.device):
                arrays = (part.numpy() for part in (target, image, scene, pixels, inside))
                fade_in(*arrays)
                continue
            change = target[:, pixels] - scene[:, pixels]
            target[:, pixels] = (image[:, pixels] + inside * change).clamp_(0.0, 1.0)


def reveal_surround(opacity: Tensor, areas: Areas) -> None:
    """Let the opacity (B, 1, H, W) fade out in the surround, which nothing hides; modified."""
    for target, area in zip(opacity.flatten(2), areas, strict=True):
        if area is not None:
            pixels, _, inside = _outside(area, opacity.device)
            target[:, pixels] = target[:, pixels] * inside


def hold_surround(grid: Tensor, areas: Areas) -> None:
    """Let the surround stay where it is, and the scene move only to positions of the scene.

    Args:
        grid: sampled positions (B, H, W, 2), see :class:`.base.CorruptedBatch`; modified.
        areas: content area of each image.
    """
    for target, area in zip(grid, areas, strict=True):
        if area is not None:
            _hold_one(target, area)


def _hold_one(grid: Tensor, area: ContentArea) -> None:
    height, width = grid.shape[:2]
    identity = identity_grid(height, width, grid.device).reshape(-1, 2)
    visible = area.mask().to(grid.device).flatten() >= 0.5
    flat = grid.view(-1, 2)
    column, row = (
        ((flat[:, i].double() + 1) * (side / 2)).floor().long().clamp(0, side - 1)
        for i, side in ((0, width), (1, height))
    )
    source = row * width + column
    beyond = visible & ~visible[source]
    flat[beyond] = identity[area.fill_index().to(grid.device).flatten()[source[beyond]]]
    flat[~visible] = identity[~visible]


def fill_bytes(frame: NDArray[np.uint8], area: ContentArea | None) -> NDArray[np.uint8]:
    """:func:`fill_surround` of a frame (H, W, 3) of levels."""
    if area is None:
        return frame
    pixels, sources, _ = area.outside
    filled = frame.copy("C")  # never strided: compiled once
    copy_levels(filled.reshape(-1, 3), pixels.numpy(), sources.numpy())
    return filled


def restore_bytes(
    corrupted: NDArray[np.uint8], frame: NDArray[np.uint8], filled: NDArray[np.uint8], area: ContentArea | None
) -> NDArray[np.uint8]:
    """:func:`restore_surround` of a frame (H, W, 3) of levels; ``corrupted`` is modified."""
    if area is None:
        return corrupted
    pixels, _, inside = (part.numpy() for part in area.outside)
    flat = (np.ascontiguousarray(levels).reshape(-1, 3) for levels in (corrupted, frame, filled))
    target, original, scene = flat
    fade_in_levels(target, original, scene, pixels, inside)
    return target.reshape(frame.shape)
