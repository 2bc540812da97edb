"""Targets and label names of a task that no reader knows pass through every data set."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from robustbench_endo.corruptions import Corrupt, CorruptedDataset
from robustbench_endo.data import FolderDataset
from robustbench_endo.data.concat import ConcatDataset, concatenate
from robustbench_endo.data.file_listing import Entry
from robustbench_endo.data.manifest import ManifestDataset
from robustbench_endo.data.resolution import at_resolution
from robustbench_endo.data.video import VideoDataset
from robustbench_endo.errors import CorruptionError, DataError
from robustbench_endo.tasks import registry as task_registry
from robustbench_endo.tasks.classification.task import Classification
from robustbench_endo.training.subject_split import Subset
from robustbench_endo.types import Sample

BOXES = torch.tensor([[1.0, 2.0, 30.0, 40.0]])
NAMES = ("preparation", "dissection", "closure")


class Phases:
    """Two frames with a phase, boxes and a map of depths, none of which is a target of the built-in data sets."""

    name, classes, activities, phases = "phases", (), (), NAMES

    def __init__(self, first: int = 0) -> None:
        self.first = first
        self.ids = [f"{first + index}.png" for index in range(2)]
        self.subjects = ["patient 1", "patient 2"]

    def __len__(self) -> int:
        return 2

    def __getitem__(self, index: int) -> Sample:
        depth = torch.zeros(96, 128, dtype=torch.uint8)
        depth[:, 64:] = 9
        targets = {"phase": self.first + index, "boxes": BOXES, "depth": depth}
        return Sample(torch.full((3, 96, 128), 90, dtype=torch.uint8), targets, self.ids[index], self.subjects[index])


@pytest.fixture
def phase_task(monkeypatch) -> Classification:
    """A registered task that the built-in data sets do not have."""
    task = Classification("phase", title="Phase", label_attribute="phases")
    monkeypatch.setattr(task_registry, "TASKS", (*task_registry.TASKS, task))
    return task


def check_targets(sample: Sample, phase: int) -> None:
    assert set(sample.targets) == {"phase", "boxes", "depth"}
    assert sample.targets["phase"] == phase
    assert sample.targets["boxes"] is BOXES
    assert sample.targets["depth"].unique().tolist() == [0, 9]


def test_concat_dataset_passes_targets_and_label_names_of_any_task(phase_task):
    both = concatenate(Phases(), [Phases(1)])
    assert isinstance(both, ConcatDataset)
    assert phase_task.labels(both) == NAMES
    assert task_registry.labels_of(both)["phase"] == NAMES
    check_targets(both[3], 2)


def test_concatenate_rejects_other_labels_of_any_task(phase_task):
    other = Phases()
    other.phases = ("closure",)
    with pytest.raises(DataError, match="Expected the phases of phases .* in the extra data, got closure in phases"):
        concatenate(Phases(), [other])


def test_subset_passes_targets_of_any_task():
    check_targets(Subset(Phases(), (1,))[0], 1)


def test_corrupted_dataset_passes_targets_of_any_task():
    sample = CorruptedDataset(Phases(), Corrupt("brightness", 3))[1]
    check_targets(sample, 1)
    assert not sample.image.equal(Phases()[1].image)


def test_corrupted_dataset_warps_maps_of_any_task():
    transform, frame = Corrupt("elastic_transform", 5), Phases()[0]
    with pytest.raises(CorruptionError, match="Expected 'boxes' as torchvision.tv_tensors.BoundingBoxes"):
        CorruptedDataset(Phases(), transform)[0]
    targets = {name: target for name, target in frame.targets.items() if name != "boxes"}
    warped = transform(replace(frame, targets=targets))
    assert not warped.targets["depth"].equal(frame.targets["depth"])
    assert warped.targets["phase"] == 0


def test_at_resolution_resizes_only_maps_of_any_task():
    small = at_resolution(Phases()[1], 48)
    check_targets(small, 1)
    assert small.targets["depth"].shape == small.image.shape[1:] == (48, 64)


def test_manifest_has_a_column_for_every_classification_task(make_folder, phase_task):
    root = make_folder(frames=2)
    rows = ("1/image/OP1_img_00.png,cut,closure", "1/image/OP2_img_01.png,,", "2/image/OP1_img_00.png,,dissection")
    path = root / "test" / "frames.csv"
    path.write_text("image,activity,phase\n" + "\n".join(rows))
    data = ManifestDataset(path)
    assert phase_task.labels(data) == ("closure", "dissection")
    assert [dict(sample.targets) for sample in data] == [{"activity": 0, "phase": 0}, {}, {"phase": 1}]
    before = data.fingerprint([0])
    path.write_text("image,activity,phase\n" + "\n".join(rows).replace("closure", "preparation"))
    assert ManifestDataset(path).fingerprint([0]) != before


def test_manifest_rejects_the_column_of_an_unknown_task(make_folder):
    path = make_folder() / "frames.csv"
    path.write_text("image,phase\na.png,1\n")
    with pytest.raises(DataError, match="Expected the columns image, mask, activity, subject, split"):
        len(ManifestDataset(path))


@dataclass(frozen=True)
class FolderWithDepth(FolderDataset):
    """A folder whose frames have a further target."""

    def _targets(self, entry: Entry) -> Mapping[str, Tensor | int | None]:
        return {**super()._targets(entry), "depth": torch.ones(2), "phase": None}


def test_folder_dataset_passes_targets_that_a_subclass_adds(make_folder):
    sample = FolderWithDepth(make_folder())[0]
    assert set(sample.targets) == {"segmentation", "activity", "depth"}


class VideoWithPhases(VideoDataset):
    """A video whose frames have a further target."""

    phases = NAMES

    def _targets(self, index: int) -> Mapping[str, Tensor | int | None]:
        return {**super()._targets(index), "phase": index % 3}


def test_video_dataset_passes_targets_that_a_subclass_adds(videos: dict[str, Path], phase_task):
    pytest.importorskip("av", reason="PyAV (extra video) is not installed")
    data = VideoWithPhases(videos["h264.mp4"], every=50)
    assert phase_task.labels(data) == NAMES
    assert [dict(data[index].targets) for index in range(len(data))] == [{"phase": 0}, {"phase": 1}, {"phase": 2}]


def test_layout_of_images_alone_has_no_targets(tmp_path):
    Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(tmp_path / "a.png")
    assert FolderDataset(tmp_path)[0].targets == {}
