"""Masks, boxes and key points of a sample moved with its images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from robustbench_endo.corruptions.base import warp_masks
from robustbench_endo.corruptions.errors import CorruptionError
from robustbench_endo.corruptions.move_points import move_boxes, move_keypoints
from robustbench_endo.corruptions.sample_tree import BOXES, MASK, POINTS, like, to_tensor


@dataclass(frozen=True)
class Motion:
    """Where the images of a sample were sampled.

    Attributes:
        lead: dimensions of the images before the channels.
        units: number of images or clips.
        grids: sampling grid (H, W, 2) of each image or frame; None if it did not move.
    """

    lead: tuple[int, ...]
    units: int
    grids: Sequence[Tensor | None]

    @property
    def grid(self) -> Tensor | None:
        """The first of the grids; None if nothing moved."""
        return next((grid for grid in self.grids if grid is not None), None)

    def move(self, part: Any, role: str) -> Any:
        """A part of the sample, moved as the images were."""
        if self.grid is None or role not in (MASK, BOXES, POINTS):
            return part
        if role == MASK:
            return self._mask(part, self.grid.shape[:2])
        if self.units > 1:
            raise CorruptionError(
                f"Expected one image with boxes or key points, got a batch of {self.units}: corrupt the samples before "
                "they are collated."
            )
        return (move_boxes if role == BOXES else move_keypoints)(part, self.grid)

    def _mask(self, part: Any, size: Sequence[int]) -> Any:
        """Masks with the dimensions of the images before others, each moved with its image."""
        mask, count = to_tensor(part), len(self.grids)
        if tuple(mask.shape[-2:]) != tuple(size) or (count > 1 and mask.shape[: len(self.lead)] != self.lead):
            raise CorruptionError(
                f"Expected masks {(*self.lead, *size)} of the image, got {tuple(mask.shape)}: resize images and masks "
                "together, and give every image its mask."
            )
        moved = [
            layers if grid is None else warp_masks(layers, grid.to(mask.device).expand(len(layers), -1, -1, -1))
            for layers, grid in zip(mask.reshape(count, -1, *size), self.grids, strict=True)
        ]
        return like(torch.stack(moved).reshape(mask.shape), part)
