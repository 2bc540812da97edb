import shutil

import numpy as np
import pytest
import torch
from PIL import Image

from robustbench_endo.data import FolderDataset, load_dataset
from robustbench_endo.errors import DataError, FrameError
from robustbench_endo.types import Dataset


def test_the_papers_layout(make_folder):
    data = load_dataset("folder", root=make_folder(frames=2, splits=("train", "test")), split="test")
    assert isinstance(data, Dataset)
    assert data.activities == ("1", "2")
    assert data.classes == ("background", "class 1", "class 2")
    assert list(data.ids) == [f"test/{a}/image/OP{n + 1}_img_{n:02d}.png" for a in (1, 2) for n in (0, 1)]
    assert list(data.subjects) == ["OP1_img", "OP2_img"] * 2
    sample = data[3]
    assert (sample.image.shape, sample.mask.shape, sample.activity) == ((3, 48, 64), (48, 64), 1)
    assert sample.image.dtype == sample.mask.dtype == torch.uint8


def test_activities_mean_the_same_in_every_split(make_folder):
    root = make_folder(splits=("train", "test"), activities=("2", "10"))
    shutil.rmtree(root / "test" / "2")
    assert FolderDataset(root, "test").activities == ("2", "10")
    assert FolderDataset(root, "test")[0].activity == 1


def test_a_folder_without_splits_and_one_of_bare_frames(make_folder):
    root = make_folder() / "test" / "1"
    data = FolderDataset(root)
    assert (len(data), data.activities, data[0].activity) == (2, (), None)
    bare = FolderDataset(root / "image")
    assert bare[0].mask is None
    assert bare.ids[0] == "OP1_img_00.png"


def test_class_names_from_the_folder_and_from_the_caller(make_folder):
    root = make_folder()
    (root / "classes.txt").write_text("tissue\nshaft\ntip\n")
    assert FolderDataset(root).classes == ("tissue", "shaft", "tip")
    assert FolderDataset(root, class_names=("a", "b", "c")).classes == ("a", "b", "c")


def test_the_fingerprint_follows_the_content(make_folder):
    root = make_folder()
    before = FolderDataset(root).fingerprint([0, 1])
    assert before == FolderDataset(root).fingerprint([0, 1]) != FolderDataset(root).fingerprint([0])
    path = root / "test/1/mask/OP1_img_00.png"
    Image.fromarray(np.zeros((48, 64), np.uint8)).save(path)
    assert FolderDataset(root).fingerprint([0, 1]) != before


def image_of(mode):
    return Image.fromarray(np.zeros((48, 64, 3), np.uint8)).convert(mode)


@pytest.mark.parametrize(
    ("place", "content", "text"),
    [
        ("image", image_of("L"), "Expected 8-bit RGB .* got a grey picture"),
        ("image", image_of("RGBA"), "got a RGBA picture"),
        ("image", Image.fromarray(np.zeros((48, 64), np.uint16)), "got 16-bit or deeper pixels"),
        ("mask", image_of("RGB"), "Expected one 8-bit channel of class indices"),
        ("mask", Image.fromarray(np.zeros((40, 64), np.uint8)), r"size of its frame .* \(64 x 48\), got 64 x 40"),
        ("mask", Image.fromarray(np.full((48, 64), 7, np.uint8)), r"labels from 0 to 2 .* got 7"),
    ],
)
def test_check_says_what_is_wrong_before_any_work(make_folder, place, content, text):
    root = make_folder()
    content.save(root / "test" / "1" / place / "OP1_img_00.png")
    data = FolderDataset(root, class_names=("a", "b", "c"))
    with pytest.raises(DataError, match=text):
        data.check(range(len(data)))


def test_a_truncated_frame_is_one_frame_lost(make_folder):
    root = make_folder()
    path = root / "test/1/image/OP1_img_00.png"
    path.write_bytes(path.read_bytes()[:400])
    data = FolderDataset(root)
    data.check(range(len(data)))
    with pytest.raises(FrameError, match=r"Expected a whole picture in .*OP1_img_00.png, got"):
        data[0]
    path.write_bytes(b"nothing")
    with pytest.raises(FrameError, match="a file that no decoder knows"):
        data[0]
    path.unlink()
    with pytest.raises(FrameError, match="no such file"):
        data[0]


def test_layout_errors(make_folder, tmp_path):
    root = make_folder()
    with pytest.raises(DataError, match="Expected a data folder at .*nowhere, got none"):
        len(FolderDataset(tmp_path / "nowhere"))
    with pytest.raises(DataError, match="Expected a split 'val' in .*, got test"):
        len(FolderDataset(root, "val"))
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="Expected frames in .*empty, got nothing: the layout is"):
        len(FolderDataset(tmp_path / "empty"))
    (root / "test/1/mask/OP1_img_00.png").unlink()
    with pytest.raises(DataError, match="Expected a mask for the frame .*OP1_img_00.png"):
        len(FolderDataset(root))


def test_real_frames(shared_data):
    data = load_dataset(shared_data / "endovis15", split="train")
    assert (len(data), data.activities, set(data.subjects)) == (40, ("1", "2"), {"OP1_img", "OP2_img"})
    data.check(range(3))
    assert data[0].image.shape == (3, 480, 640)
