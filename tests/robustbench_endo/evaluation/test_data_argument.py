"""Data as people have them: data sets, names, and objects that need another function."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from robustbench_endo.data import FolderDataset
from robustbench_endo.errors import DataError, FrameError, RobustEndoError
from robustbench_endo.evaluation.data_argument import DEFAULT_SIZE, as_dataset, frame_size
from robustbench_endo.types import Sample


class Frames:
    """Frames that are computed; an exception is raised instead of the frame."""

    name, classes, activities, ids, subjects = "toy", ("a", "b"), (), ("0", "1"), ("p", "p")

    def __init__(self, *frames: Any) -> None:
        self.frames = frames

    def __len__(self) -> int:
        return len(self.frames)

    def __getitem__(self, index: int) -> Any:
        if isinstance(self.frames[index], Exception):
            raise self.frames[index]
        return self.frames[index]


IMAGE = torch.zeros(3, 48, 64, dtype=torch.uint8)
FRAME = Sample.from_labels(IMAGE, None, None, "0", "p")


def test_as_dataset_takes_data_sets_names_and_folders(make_folder: Any) -> None:
    data = Frames(FRAME)
    assert as_dataset(data) is data
    assert as_dataset("synthetic@frames=1").name == "synthetic"
    folder: Path = make_folder()
    assert isinstance(as_dataset(folder), FolderDataset)
    assert as_dataset(str(folder)).ids == as_dataset(folder).ids


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (3, r"a name such as 'synthetic' or a folder, got int: give load_dataset"),
        (None, "got NoneType"),
        (Frames, "got the class Frames: create it first"),
        (torch.nn.Identity(), r"got the network Identity: write evaluate\(models, data\)"),
        ({"test": 1}, "to be one data set, got a dict: give one of its entries"),
        (IMAGE, r"got a Tensor: pair images and masks, as in rb.from_torch\(list\(zip"),
        (IMAGE.numpy(), "got a ndarray"),
        ([(IMAGE, 1)], r"got list without .*: give rb.from_torch\(dataset, classes=\[...\]\)"),
        (torch.utils.data.TensorDataset(IMAGE), "got TensorDataset without name"),
        (torch.utils.data.DataLoader([1]), "got DataLoader"),
        (SimpleNamespace(features={}, column_names=[]), r"rb.from_huggingface\(dataset\)"),
        ("nonsense", "Expected the name of a dataset, got 'nonsense'"),
    ],
)
def test_as_dataset_names_the_function_that_helps(data: Any, text: str) -> None:
    with pytest.raises(RobustEndoError, match=text):
        as_dataset(data)


def test_frame_size_is_that_of_the_first_readable_frame_at_the_resolution() -> None:
    data = Frames(FrameError("Cannot read x: gone. Restore it."), FRAME)
    assert frame_size(data, [0, 1], "native") == (48, 64)
    assert frame_size(data, [0, 1], 24) == (24, 32)
    assert frame_size(data, [0], "native") == DEFAULT_SIZE
    assert frame_size(Frames(), [], (40, 50)) == (40, 50)


@pytest.mark.parametrize(
    ("frame", "text"),
    [
        ((IMAGE, 1), r"as robustbench_endo.types.Sample, got tuple: .* rb.from_torch"),
        (SimpleNamespace(image=np.zeros((4, 4, 3)), targets={}), "got SimpleNamespace"),
        (Sample(IMAGE.float(), {}, "0", "p"), r"uint8 \(3, H, W\), got torch.float32 \(3, 48, 64\) in frame 0"),
        (KeyError("x"), r"Cannot read frame 0 of the data 'toy': KeyError: 'x'. Correct the data set"),
    ],
)
def test_frame_size_refuses_frames_that_are_no_samples(frame: Any, text: str) -> None:
    with pytest.raises(DataError, match=text):
        frame_size(Frames(frame), [0], "native")
