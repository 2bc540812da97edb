"""Frames on which every corruption is tested, created by make_golden.py."""

from __future__ import annotations

import runpy
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
import torch
from torch import Tensor

SCRIPT = runpy.run_path(str(Path(__file__).parent / "make_golden.py"))


@pytest.fixture(scope="session")
def frames() -> Callable[..., Tensor]:
    """``frames(count, height, width)``: float (count, 3, height, width) in [0, 1], textured, sides multiples of 16."""

    textured_frame = cache(SCRIPT["textured_frame"])  # half a second for a frame of 2 megapixels

    def create(count: int = 2, height: int = 96, width: int = 128) -> Tensor:
        stack = [torch.from_numpy(textured_frame(height, width, seed)) for seed in range(count)]
        return torch.stack(stack).permute(0, 3, 1, 2).contiguous().float() / 255

    return create


@pytest.fixture
def plain_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make CPU tensors take the path of other devices: no kernel is compiled."""
    for name, module in list(sys.modules.items()):
        if name.startswith("robustbench_endo.corruptions.") and hasattr(module, "use_numba"):
            monkeypatch.setattr(module, "use_numba", lambda device: False)


@pytest.fixture(scope="session")
def checksums() -> Callable[[], dict[str, str]]:
    """A function that computes the golden checksums."""
    return SCRIPT["checksums"]
