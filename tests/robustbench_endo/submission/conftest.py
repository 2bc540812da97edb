"""A small evaluated run of two networks, and its submission."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch

import robustbench_endo as rb
from robustbench_endo.submission.contents import Statement
from robustbench_endo.submission.write import write_submission


class Threshold(torch.nn.Module):
    """Labels by brightness."""

    def __init__(self, level: float) -> None:
        super().__init__()
        self.level = torch.nn.Parameter(torch.tensor(level))

    def forward(self, images: torch.Tensor) -> dict[str, torch.Tensor]:
        grey = images.mean(1, keepdim=True)
        masks = torch.cat([self.level - grey, *(0.1 * index * grey for index in range(1, 7))], 1)
        return {"segmentation": masks, "activity": grey.mean((2, 3)) * torch.arange(3)}


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "run"
    data = rb.load_dataset("synthetic", frames=8, size=(64, 64))  # two subjects
    rb.evaluate({"one": Threshold(0.5), "two": Threshold(0.6)}, data, "contrast", (1, 3), folder, gallery_frames=1)
    return folder


@pytest.fixture(scope="session")
def submitted(run: Path) -> Path:
    """A submission that no test changes."""
    folder = run.parent / "submitted"
    write_submission(run, folder, Statement("org/data", {"one": "EndoVis 2017"}), ["a check"])
    return folder


@pytest.fixture
def submission(submitted: Path, tmp_path: Path) -> Path:
    """A copy to change."""
    return Path(shutil.copytree(submitted, tmp_path / "submission"))
