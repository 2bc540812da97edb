"""Frames that every corruption is tried on, drawn by make_golden.py."""

from __future__ import annotations

import runpy
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor

SCRIPT = runpy.run_path(str(Path(__file__).parent / "make_golden.py"))


@pytest.fixture(scope="session")
def frames() -> Callable[..., Tensor]:
    """``frames(count, height, width)``: float (count, 3, height, width) in [0, 1], textured, sides multiples of 16."""

    def draw(count: int = 2, height: int = 96, width: int = 128) -> Tensor:
        stack = [torch.from_numpy(SCRIPT["textured_frame"](height, width, seed)) for seed in range(count)]
        return torch.stack(stack).permute(0, 3, 1, 2).contiguous().float() / 255

    return draw


@pytest.fixture
def plain_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    """No kernel is compiled for the CPU: it takes the path of other devices."""
    for name, module in list(sys.modules.items()):
        if name.startswith("robustbench_endo.corruptions.kernels.") and hasattr(module, "compiled"):
            monkeypatch.setattr(module, "compiled", lambda images: False)


@pytest.fixture(scope="session")
def checksums() -> Callable[[], dict[str, str]]:
    """The golden checksums, computed now."""
    return SCRIPT["checksums"]
