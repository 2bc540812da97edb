"""Small things that the model tests share."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import torch
from torch import Tensor


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Tiny networks are fastest on one thread, and parallel test workers do not fight for cores."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def frames() -> Callable[..., Tensor]:
    """Makes float frames (batch, 3, height, width) in [0, 1]."""

    def make(batch: int = 2, height: int = 96, width: int = 128, seed: int = 0) -> Tensor:
        return torch.rand(batch, 3, height, width, generator=torch.Generator().manual_seed(seed))

    return make
