"""A network and batches that are formulas, so that recorded numbers depend on no random generator."""

from __future__ import annotations

import math
from types import SimpleNamespace

import pytest
import torch
from torch import Tensor, nn


def wave(*shape: int, phase: float = 0.0) -> Tensor:
    """A tensor of numbers in [-1, 1]."""
    return torch.sin(torch.arange(math.prod(shape), dtype=torch.float64) * 1.7 + phase).reshape(shape).float()


def batches(count: int = 3, frames: int = 4) -> list[Tensor]:
    """Batches (B, 3, 6, 8) in [0, 1], each darker than the one before."""
    return [(0.5 + 0.5 * wave(frames, 3, 6, 8, phase=number)) * 0.7**number for number in range(count)]


class SmallNet(nn.Module):
    """Two convolutions with batch norm, and a classifier for masks or for activities."""

    def __init__(self, task: str) -> None:
        super().__init__()
        self.task = task
        self.first, self.norm = nn.Conv2d(3, 6, 3, padding=1), nn.BatchNorm2d(6)
        self.second = nn.Conv2d(6, 4, 1)
        with torch.no_grad():
            for number, (name, tensor) in enumerate(self.state_dict().items()):
                if tensor.is_floating_point():
                    values = wave(*tensor.shape, phase=number)
                    tensor.copy_(1 + 0.5 * values if name in ("norm.weight", "norm.running_var") else 0.5 * values)

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        logits = 4 * self.second(torch.relu(self.norm(self.first(images))))
        return {self.task: logits if self.task == "segmentation" else logits.mean((2, 3))}


@pytest.fixture
def formulas() -> SimpleNamespace:
    return SimpleNamespace(wave=wave, batches=batches, SmallNet=SmallNet)
