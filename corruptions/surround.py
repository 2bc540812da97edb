"""The black surround of a scope: filled with scene before a corruption, and put back after it.

Light, optics and sensor act on what the scope sees, before the video processor masks the frame. A corruption is
therefore applied to a frame without a surround: blur does not pull black into the scene, statistics are those of the
scene, and the surround keeps its pixels.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from robustbench_endo.corruptions.content_area import ContentArea
from robustbench_endo.corruptions.kernels.interpolation.remap import identity_grid

Areas = Sequence[ContentArea | None]


class Outside(NamedTuple):
    """The pixels of the surround and of its soft edge.

    Attributes:
        pixels: (N,) flat index.
        sources: (N,) flat index of the pixel of the scene that fills each.
        inside: (N,) share of the scene in each, in [0, 1).
    """

    pixels: Tensor
    sources: Tensor
    inside: Tensor


@lru_cache(maxsize=8)
def outside(area: ContentArea, device: torch.device) -> Outside:
    """The pixels that are not completely inside ``area``."""
    inside, sources = area.mask().flatten(), area.fill_index().flatten()
    pixels = (inside < 1).nonzero()[:, 0]
    return Outside(pixels.to(device), sources[pixels].to(device), inside[pixels].to(device))


def fill_surround(images: Tensor, areas: Areas) -> Tensor:
    """``images`` (B, 3, H, W) with the scene continued over the surround; ``images`` itself where there is none."""
    if not any(areas):
        return images
    filled = images.clone()
    for image, area in zip(filled.flatten(2), areas, strict=True):
        if area is not None:
            pixels, sources, _ = outside(area, images.device)
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
            pixels, _, inside = outside(area, images.device)
            change = target[:, pixels] - scene[:, pixels]
            target[:, pixels] = (image[:, pixels] + inside * change).clamp_(0.0, 1.0)


def reveal_surround(opacity: Tensor, areas: Areas) -> None:
    """Let the opacity (B, 1, H, W) fade out in the surround, which nothing hides; modified."""
    for target, area in zip(opacity.flatten(2), areas, strict=True):
        if area is not None:
            pixels, _, inside = outside(area, opacity.device)
            target[:, pixels] = target[:, pixels] * inside


def hold_surround(grid: Tensor, areas: Areas) -> None:
    """Let the surround stay where it is, and the scene move only to positions of the scene.

    Args:
        grid: sampled positions (B, H, W, 2), see :class:`.base.CorruptedBatch`; modified.
        areas: content area of each image.
    """
    for target, area in zip(grid, areas, strict=True):
        if area is not None:
            _hold(target, area)


def _hold(grid: Tensor, area: ContentArea) -> None:
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
    pixels, sources, _ = outside(area, torch.device("cpu"))
    filled = np.ascontiguousarray(frame).copy()
    flat = filled.reshape(-1, 3)
    flat[pixels.numpy()] = flat[sources.numpy()]
    return filled


def restore_bytes(
    corrupted: NDArray[np.uint8], frame: NDArray[np.uint8], filled: NDArray[np.uint8], area: ContentArea | None
) -> NDArray[np.uint8]:
    """:func:`restore_surround` of a frame (H, W, 3) of levels; ``corrupted`` is modified."""
    if area is None:
        return corrupted
    pixels, _, inside = (part.numpy() for part in outside(area, torch.device("cpu")))
    target = corrupted.reshape(-1, 3)
    change = target[pixels].astype(np.float32) - filled.reshape(-1, 3)[pixels]
    levels = np.ascontiguousarray(frame).reshape(-1, 3)[pixels] + inside[:, None] * change
    target[pixels] = levels.round().clip(0, 255).astype(np.uint8)
    return corrupted
