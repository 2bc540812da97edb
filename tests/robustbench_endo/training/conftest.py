"""A data set and a small network that learns it in seconds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
import torch
from torch import Tensor

from robustbench_endo.types import Sample

SPEC = "tiny-resnet/mmoe@width=12,head_channels=8,input_size=32x40"


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Tiny networks are fastest on one thread, and parallel test workers share the cores."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@dataclass
class Squares:
    """Dark frames with one bright square; red = activity 0, green = activity 1; sizes differ from frame to frame."""

    frames: int = 12
    masks: bool = True
    labelled: bool = True
    change: Callable[[int, Sample], Sample] = lambda _, sample: sample
    name: str = "squares"
    classes: tuple[str, ...] = ("background", "square")
    activities: tuple[str, ...] = ("red", "green")
    ids: list[str] = field(init=False)
    subjects: list[str] = field(init=False)

    def __post_init__(self) -> None:
        self.ids = [f"{i:02d}.png" for i in range(self.frames)]
        self.subjects = ["all"] * self.frames

    def __len__(self) -> int:
        return self.frames

    def __getitem__(self, index: int) -> Sample:
        generator = torch.Generator().manual_seed(index)
        size = (48, 60) if index % 2 else (32, 40)
        row, column = (int(torch.randint(0, side - 20, (), generator=generator)) for side in size)
        mask = torch.zeros(size, dtype=torch.uint8)
        mask[row : row + 18, column : column + 18] = 1
        image = torch.randint(0, 60, (3, *size), generator=generator, dtype=torch.uint8)
        activity = index // 2 % 2
        image[activity, mask.bool()] = 230
        sample = Sample.from_labels(
            image, mask if self.masks else None, activity if self.labelled else None, self.ids[index], "all"
        )
        return self.change(index, sample)


@pytest.fixture
def squares() -> type[Squares]:
    return Squares


@pytest.fixture
def spec() -> str:
    return SPEC


@pytest.fixture
def weights() -> Callable[[object], dict[str, Tensor]]:
    """The tensors of a checkpoint folder."""
    from safetensors.torch import load_file

    return lambda folder: load_file(f"{folder}/model.safetensors")
