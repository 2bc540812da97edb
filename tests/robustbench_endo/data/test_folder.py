import shutil

import torch

from robustbench_endo.data import FolderDataset, load_dataset
from robustbench_endo.types import Dataset


def test_folder_dataset_reads_the_default_layout(make_folder):
    data = load_dataset("folder", root=make_folder(frames=2, splits=("train", "test")), split="test")
    assert isinstance(data, Dataset)
    assert data.activities == ("1", "2")
    assert data.classes == ("background", "class 1", "class 2")
    assert list(data.ids) == [f"{a}/image/OP{n + 1}_img_{n:02d}.png" for a in (1, 2) for n in (0, 1)]
    assert list(data.subjects) == ["OP1_img", "OP2_img"] * 2
    sample = data[3]
    assert (sample.image.shape, sample.mask.shape, sample.activity) == ((3, 48, 64), (48, 64), 1)
    assert sample.image.dtype == sample.mask.dtype == torch.uint8


def test_folder_dataset_indexes_activities_alike_in_every_split(make_folder):
    root = make_folder(splits=("train", "test"), activities=("2", "10"))
    shutil.rmtree(root / "test" / "2")
    assert FolderDataset(root, "test").activities == ("2", "10")
    assert FolderDataset(root, "test")[0].activity == 1


def test_folder_dataset_reads_a_folder_without_splits_and_bare_frames(make_folder):
    root = make_folder() / "test" / "1"
    data = FolderDataset(root)
    assert (len(data), data.activities, data[0].activity) == (2, (), None)
    bare = FolderDataset(root / "image")
    assert bare[0].mask is None
    assert bare.ids[0] == "OP1_img_00.png"


def test_folder_dataset_takes_class_names_from_the_folder_and_the_caller(make_folder):
    root = make_folder()
    (root / "classes.txt").write_text("tissue\nshaft\ntip\n")
    assert FolderDataset(root).classes == ("tissue", "shaft", "tip")
    assert FolderDataset(root, class_names=("a", "b", "c")).classes == ("a", "b", "c")


def test_folder_dataset_reads_real_frames(shared_data):
    data = load_dataset(shared_data / "endovis15", split="train")
    assert (len(data), data.activities, set(data.subjects)) == (40, ("1", "2"), {"OP1_img", "OP2_img"})
    data.check(range(3))
    assert data[0].image.shape == (3, 480, 640)
