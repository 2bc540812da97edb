"""Models with known answers: they see the truth that an evaluation scores them against."""

from __future__ import annotations

import threading
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import one_hot

Rule = Callable[[Tensor, Tensor, Tensor | None], tuple[Tensor, Tensor]]
"""(masks, activities, opacity) of a corrupted batch -> predicted masks and activities."""

CLASSES, ACTIVITIES = 7, 3
IGNORE = 255


class Truth(threading.local):
    """The targets and the opacity of the batch that a thread works on; at first those of two empty frames."""

    masks: Tensor = torch.zeros(2, 96, 120, dtype=torch.uint8)
    activities: Tensor = torch.zeros(2, dtype=torch.int64)
    opacity: Tensor | None = None


class Respondent:
    """A model that responds from the truth instead of the images."""

    def __init__(self, truth: Truth, rule: Rule) -> None:
        self.truth, self.rule = truth, rule

    def __call__(self, images: Tensor) -> dict[str, Tensor]:
        masks, activities = self.rule(self.truth.masks, self.truth.activities, self.truth.opacity)
        # As confident as float32 allows.
        return {
            "segmentation": 60 * one_hot(masks.long().clamp(0, CLASSES - 1), CLASSES).movedim(3, 1).float(),
            "activity": 60 * one_hot(activities.long(), ACTIVITIES).float(),
        }


def oracle(masks: Tensor, activities: Tensor, opacity: Tensor | None) -> tuple[Tensor, Tensor]:
    """The truth."""
    return masks, activities


def background(masks: Tensor, activities: Tensor, opacity: Tensor | None) -> tuple[Tensor, Tensor]:
    """Background everywhere, and the first activity."""
    return torch.zeros_like(masks), torch.zeros_like(activities)


def uniform_labels(masks: Tensor, activities: Tensor, opacity: Tensor | None) -> tuple[Tensor, Tensor]:
    """A uniformly random label for every pixel, always the same ones."""
    random = torch.Generator().manual_seed(0)
    return torch.randint(0, CLASSES, masks.shape, generator=random), activities


def opacity_reader(masks: Tensor, activities: Tensor, opacity: Tensor | None) -> tuple[Tensor, Tensor]:
    """The truth where less than half is hidden, background elsewhere."""
    if opacity is None:
        return masks, activities
    return torch.where(opacity[:, 0] < 0.5, masks, 0), activities
