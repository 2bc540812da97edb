"""A model that needs no training and a request to evaluate it."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from robustbench_endo.corruptions import load_suite
from robustbench_endo.data import FolderDataset
from robustbench_endo.evaluation import Request


class Threshold(nn.Module):
    """Calls bright pixels instrument; two activities by the mean brightness."""

    input_size = None

    def __init__(self, level: float = 0.65) -> None:
        super().__init__()
        self.level = nn.Parameter(torch.tensor(level))

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        light = images.mean(1, keepdim=True) - self.level
        mean = light.mean((1, 2, 3))[:, None]
        return {
            "segmentation": torch.cat((-20 * light, 20 * light, torch.full_like(light, -9)), 1),
            "activity": torch.cat((mean, -mean), 1),
        }


@pytest.fixture
def make_request(make_folder: Callable[..., Path], tmp_path: Path) -> Callable[..., Request]:
    """A request for two models on toy frames under two corruptions at two severities."""

    def make(frames: int = 5, **changes: object) -> Request:
        options = {
            "models": {"low": Threshold(0.6), "high": Threshold(0.7)},
            "dataset": FolderDataset(make_folder(frames=frames)),
            "suite": load_suite("endo19"),
            "corruptions": ("gaussian_noise", "contrast"),
            "severities": (1, 5),
            "out": tmp_path / "run",
        }
        return Request(**{**options, **changes})

    return make
