"""Simulated data whose labels follow the probabilities of a model, up to a known temperature."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import robustbench_endo as rb

SIZE = 32
CLASSES, ACTIVITIES = ("background", "shaft", "tip"), ("cut", "grasp")


class Simulated(nn.Module):
    """The red channel holds the difference of logits of each pixel, the blue one that of the frame's activity."""

    input_size = None

    def __init__(self, factor: float = 1.0, broken: bool = False) -> None:
        super().__init__()
        self.factor, self.broken = nn.Parameter(torch.tensor(factor)), broken

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        light = (images - 0.5) * 8 * self.factor
        masks = torch.stack((-light[:, 0], light[:, 0], torch.full_like(light[:, 0], -9)), 1)
        level = light[:, 2].mean((1, 2))
        activity = torch.stack((-level, level), 1)
        # A model is tried on a batch of two before it is used; frames come one by one.
        return {"segmentation": masks, "activity": activity * (float("nan") if self.broken and len(images) == 1 else 1)}


def simulate(seed: int, subjects: int, frames: int = 2, shift: float = 0.0, name: str = "simulated") -> Any:
    """Frames of patients; with a shift their labels no longer follow the probabilities."""
    rng = np.random.default_rng(seed)
    images, masks, activities, names = [], [], [], []
    for subject in range(subjects):
        for _ in range(frames):
            image = rng.integers(0, 256, (3, SIZE, SIZE)).astype(np.uint8)
            image[2] = rng.integers(0, 256)
            light = (image / 255 - 0.5) * 8 - shift
            masks.append((rng.random((SIZE, SIZE)) < 1 / (1 + np.exp(-2 * light[0]))).astype(np.uint8))
            activities.append(int(rng.random() < 1 / (1 + np.exp(-2 * light[2].mean()))))
            images.append(image)
            names.append(f"{name} {subject}")
    samples = [
        {"image": torch.from_numpy(image), "mask": torch.from_numpy(mask), "activity": activity}
        for image, mask, activity in zip(images, masks, activities, strict=True)
    ]
    return rb.from_torch(samples, name=name, classes=CLASSES, activities=ACTIVITIES, subjects=names)


@pytest.fixture(scope="session")
def simulated() -> type[Simulated]:
    return Simulated


@pytest.fixture(scope="session")
def make_data() -> Callable[..., Any]:
    return simulate
