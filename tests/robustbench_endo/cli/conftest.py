"""Running `robust-endo` in the same process."""

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from robustbench_endo.cli import main

MODEL = """
import torch
from torch import nn


class Threshold(nn.Module):
    def __init__(self, classes):
        super().__init__()
        self.classes = classes

    def forward(self, images):
        light = 20 * (images.mean(1, keepdim=True) - 0.65)
        rest = [torch.full_like(light, -9)] * (self.classes - 2)
        return {"segmentation": torch.cat([-light, light, *rest], 1)}


def build(num_classes):
    return Threshold(num_classes)


def not_a_model(num_classes):
    return 3
"""


@pytest.fixture
def robust_endo() -> Callable[..., Result]:
    """Call the command line with arguments; the result has ``exit_code``, ``stdout``, ``stderr``."""

    def call(*arguments: object) -> Result:
        return CliRunner().invoke(main, [str(argument) for argument in arguments], catch_exceptions=True)

    return call


@pytest.fixture
def model_file(tmp_path: Path) -> Path:
    """A user's own model, as a Python file."""
    path = tmp_path / "my_model.py"
    path.write_text(MODEL)
    return path
