from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from robustbench_endo.data import FolderDataset, load_dataset
from robustbench_endo.data.manifest import ManifestDataset
from robustbench_endo.errors import DataError, FrameError
from robustbench_endo.types import Dataset

FOUR = """image,mask,activity,subject,split
test/1/image/OP1_img_00.png,test/1/mask/OP1_img_00.png,grasp,patient 1,train
test/1/image/OP2_img_01.png,test/1/mask/OP2_img_01.png,cut,patient 2,test
test/2/image/OP1_img_00.png,,grasp,,test
test/2/image/OP2_img_01.png,test/2/mask/OP2_img_01.png,,patient 2,
"""


@pytest.fixture
def write(make_folder) -> Callable[[str], Path]:
    root = make_folder(frames=2)

    def write_csv(text: str, name: str = "frames.csv") -> Path:
        path = root / name
        path.write_text(text, "utf-8")
        return path

    return write_csv


def test_manifest_columns_become_samples(write):
    data = ManifestDataset(write(FOUR), "all")
    assert isinstance(data, Dataset)
    assert len(data) == 4
    assert data.ids[0] == "test/1/image/OP1_img_00.png"
    assert data.activities == ("cut", "grasp")
    assert data.subjects == ["patient 1", "patient 2", "OP1_img", "patient 2"]
    assert [data[index].activity for index in range(4)] == [1, 0, 1, None]
    assert [data[index].mask is None for index in range(4)] == [False, False, True, False]
    assert data.classes == ("background", "class 1", "class 2")
    data.check(range(4))


def test_manifest_reads_the_same_frames_as_the_folder(write):
    path = write(FOUR)
    folder = FolderDataset(path.parent)
    for sample, other in zip(ManifestDataset(path, "all"), folder, strict=True):
        assert sample.id == f"test/{other.id}"
        assert torch.equal(sample.image, other.image)
        assert sample.mask is None or torch.equal(sample.mask, other.mask)


def test_manifest_selects_a_split(write):
    path = write(FOUR)
    assert len(ManifestDataset(path)) == 2
    assert ManifestDataset(path, "train").ids == ["test/1/image/OP1_img_00.png"]
    assert ManifestDataset(path, "train").activities == ("cut", "grasp")
    assert len(ManifestDataset(write("image\ntest/1/image/OP1_img_00.png\n"))) == 1


def test_manifest_needs_only_images_in_any_order_of_columns(write):
    data = ManifestDataset(write("subject,image\n3,test/1/image/OP2_img_01.png\n,test/1/image/OP1_img_00.png\n"))
    assert data.subjects == ["OP1_img", "3"]
    assert data.activities == ()
    assert data[0].mask is data[0].activity is None


def test_manifest_sorts_numbered_activities_by_their_numbers(write):
    names = ["test/1/image/OP1_img_00.png", "test/1/image/OP2_img_01.png", "test/2/image/OP1_img_00.png"]
    rows = "\n".join(f"{name},{activity}" for name, activity in zip(names, (10, 2, 0), strict=True))
    data = ManifestDataset(write(f"image,activity\n{rows}\n"))
    assert data.activities == ("0", "2", "10")
    assert [data[index].activity for index in range(3)] == [2, 1, 0]


def test_manifest_takes_names_of_classes_and_subjects(write):
    path = write(FOUR)
    (path.parent / "classes.txt").write_text("background\nshaft\ntip\n")
    assert ManifestDataset(path).classes == ("background", "shaft", "tip")
    assert ManifestDataset(path, None, ("a", "b", "c")).classes == ("a", "b", "c")
    assert ManifestDataset(path, "all", None, r"(OP\d)").subjects == ["OP1", "OP2", "OP1", "OP2"]


def test_fingerprint_changes_with_subjects_and_activities(write):
    prints = {
        ManifestDataset(write(text, f"{number}.csv"), "all").fingerprint([0])
        for number, text in enumerate((FOUR, FOUR.replace("patient 1", "patient 3"), FOUR.replace("grasp", "hold")))
    }
    assert len(prints) == 3
    assert ManifestDataset(write(FOUR.replace("grasp,,test", "grasp,,")), "all").fingerprint([0]) in prints


def test_manifest_reads_byte_order_mark_and_quotes_of_spreadsheets(write):
    path = write('\ufeffimage,subject\r\n"test/1/image/OP1_img_00.png","a, b"\r\n')
    assert ManifestDataset(path).subjects == ["a, b"]


def test_load_dataset_takes_a_manifest_by_name_and_path(write):
    path = write(FOUR)
    assert load_dataset(path, split="train").ids == load_dataset("manifest", root=path, split="train").ids


def test_manifest_raises_frame_error_for_a_damaged_image(write):
    path = write(FOUR)
    (path.parent / "test/1/image/OP1_img_00.png").write_bytes(b"not an image")
    with pytest.raises(FrameError, match="not an image in a known format"):
        ManifestDataset(path, "train")[0]


@pytest.mark.parametrize(
    ("text", "split", "message"),
    [
        ("image,label\na.png,1\n", None, "Expected the columns image, mask.*got image, label: correct the header"),
        ("mask\na.png\n", None, "image at least.*got mask"),
        ("image;mask\na.png;b.png\n", None, "got image;mask.*separated by commas"),
        ("image,image\na.png,b.png\n", None, "each once"),
        ("", None, "got an empty file"),
        ("image\n", None, "Expected rows in .*got none"),
        ("image,subject\n,3\n", None, "Expected an image in line 2 of .*empty cell"),
        ("image\ntest/1/image/OP1_img_00.png\ngone.png\n", None, "image of line 3 .*gone.png, got no such file"),
        ("image,mask\ntest/1/image/OP1_img_00.png,gone.png\n", None, "Expected the mask of line 2"),
        ("image\nx.png\n./x.png\n", None, "got x.png in lines 2 and 3"),
        ("image,subject\na.png,b,c\n", None, "Expected 2 cells .image, subject. in line 2 .*got 3: put a value"),
        (FOUR, "val", "Expected a split 'val' in .*got test, train: choose with --split"),
        ("image\ntest/1/image/OP1_img_00.png\n", "val", "got no column split"),
        ('image\n"open\n', None, "Cannot read .*frames.csv as a CSV file"),
    ],
)
def test_manifest_rejects_bad_tables(write, text, split, message):
    with pytest.raises(DataError, match=message):
        len(ManifestDataset(write(text), split))


def test_manifest_rejects_a_missing_file_and_another_encoding(tmp_path):
    with pytest.raises(DataError, match="as a CSV file in UTF-8: no such file. Check the path"):
        len(ManifestDataset(tmp_path / "absent.csv"))
    (tmp_path / "latin.csv").write_bytes("image\nfrämes.png\n".encode("latin-1"))
    with pytest.raises(DataError, match="Cannot read .*latin.csv as a CSV file in UTF-8"):
        len(ManifestDataset(tmp_path / "latin.csv"))


def test_check_rejects_labels_beyond_the_classes(write):
    with pytest.raises(DataError, match="Expected labels from 0 to 1 .*got 2"):
        ManifestDataset(write(FOUR), "train", ("background", "tool")).check([0])
