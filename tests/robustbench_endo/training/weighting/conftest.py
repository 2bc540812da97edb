"""A small model of two tasks, gradients, and the methods."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from robustbench_endo.training.weighting import TaskGradients, Weighting, load_weighting

METHODS = ("equal", "moco", "aligned_mtl", "stch", "db_mtl")


class Toy:
    """z = tanh(X W^T); loss a = mean((z . head_a - target_a)^2), loss b = cross-entropy of the logit z . head_b."""

    def __init__(self, weighting: Weighting, numbers: Mapping[str, Tensor] | None = None) -> None:
        numbers = numbers or default_numbers()
        self.x, self.target_a, self.target_b = (numbers[name] for name in ("X", "target_a", "target_b"))
        self.shared, self.head_a, self.head_b = (nn.Parameter(numbers[n].clone()) for n in ("W0", "head_a0", "head_b0"))
        self.weighting = weighting
        self.gradients = TaskGradients(("a", "b"), [self.shared], {"a": [self.head_a], "b": [self.head_b]}, weighting)
        self.optimizer = torch.optim.SGD([self.shared, self.head_a, self.head_b], lr=0.1)

    def losses(self, rows: slice = slice(None)) -> dict[str, Tensor]:
        z = torch.tanh(self.x[rows] @ self.shared.T)
        b = F.binary_cross_entropy_with_logits(z @ self.head_b, self.target_b[rows])
        return {"a": (z @ self.head_a - self.target_a[rows]).square().mean(), "b": b}

    def step(self, number: int) -> dict[str, float]:
        """Two steps are an epoch."""
        self.weighting.start_epoch(number // 2)
        self.gradients.add(self.losses())
        log = self.gradients.finish()
        self.optimizer.step()
        return log


def default_numbers() -> dict[str, Tensor]:
    def waves(*shape: int, phase: float) -> Tensor:
        count = torch.tensor(shape).prod()
        return (torch.arange(count, dtype=torch.float64) * 1.7 + phase).sin().float().reshape(shape)

    x = waves(8, 5, phase=0.3)
    target_b = (x[:, 0] + x[:, 3] > 0).float()
    heads = {"head_a0": waves(3, phase=1.1), "head_b0": waves(3, phase=2.9)}
    return {"X": x, "W0": waves(3, 5, phase=0.9), **heads, "target_a": 2 * waves(8, phase=0.5), "target_b": target_b}


@pytest.fixture
def toy() -> Callable[..., Toy]:
    """A function from the name and options of a method to a :class:`Toy`."""
    return lambda name, numbers=None, **options: Toy(load_weighting(name, **options), numbers)


@pytest.fixture(params=METHODS)
def method(request) -> str:
    return request.param


@pytest.fixture
def system() -> Callable[..., tuple[Tensor, Tensor]]:
    """A function that gives losses (T,) and gradients (T, n) of different lengths."""

    def sample(
        tasks: int = 2, size: int = 20, seed: int = 0, scales: tuple[float, ...] = (1.0, 30.0, 0.1)
    ) -> tuple[Tensor, Tensor]:
        generator = torch.Generator().manual_seed(seed)
        gradients = torch.randn(tasks, size, generator=generator) * torch.tensor(scales[:tasks])[:, None]
        return torch.rand(tasks, generator=generator) + 0.1, gradients

    return sample


@pytest.fixture
def degenerate() -> dict[str, tuple[list[float], Tensor]]:
    """Losses and gradients that are zero, equal, opposite, tiny, huge or absent."""
    row = torch.tensor([3.0, -4.0, 0.0, 1.0])
    return {
        "zero": ([0.0, 0.0], torch.zeros(2, 4)),
        "one absent": ([1.5, 0.0], torch.stack([row, torch.zeros(4)])),
        "identical": ([1.0, 1.0], torch.stack([row, row])),
        "opposing": ([1.0, 1.0], torch.stack([row, -row])),
        "tiny": ([1e-12, 1.0], torch.stack([1e-12 * row, row])),
        "huge": ([1e6, 1.0], torch.stack([1e12 * row, row])),
        "nothing shared": ([1.0, 2.0], torch.zeros(2, 0)),
    }
