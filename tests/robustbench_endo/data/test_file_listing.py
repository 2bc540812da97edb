import pytest

from robustbench_endo.data import FolderDataset
from robustbench_endo.data.file_listing import (
    Entry,
    images_by_stem,
    list_entries,
    list_images,
    natural_key,
    split_root,
    summarize_folder,
)
from robustbench_endo.errors import DataError


def test_list_entries_rejects_other_layouts(make_folder, tmp_path):
    root = make_folder()
    with pytest.raises(DataError, match="Expected a data folder at .*nowhere, got none"):
        len(FolderDataset(tmp_path / "nowhere"))
    with pytest.raises(DataError, match="Expected a split 'val' in .*, got test"):
        len(FolderDataset(root, "val"))
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="Expected frames in .*empty, got nothing: the layout is"):
        len(FolderDataset(tmp_path / "empty"))
    (root / "test/1/mask/OP1_img_00.png").unlink()
    with pytest.raises(DataError, match=r"Expected a mask for the frame .*OP1_img_00.png, got none of that name in"):
        len(FolderDataset(root))


def test_list_entries_sorts_by_id_and_labels_activities(make_folder):
    root = make_folder(frames=1)
    entries = list_entries(root, split_root(root, None))
    assert [entry.id for entry in entries] == ["test/1/image/OP1_img_00.png", "test/2/image/OP1_img_00.png"]
    assert [entry.labels for entry in entries] == [{"activity": "1"}, {"activity": "2"}]
    assert entries[0].masks == (root / "test/1/mask/OP1_img_00.png",)


def test_entry_masks_are_in_the_order_they_are_painted(tmp_path):
    first, second = tmp_path / "a.png", tmp_path / "b.png"
    assert Entry("x", first, None).masks == ()
    assert Entry("x", first, second, overlays=(first,)).masks == (second, first)


def test_list_images_skips_metadata_of_macos_and_other_files(tmp_path):
    for name in ("b.PNG", "a.jpg", "._a.jpg", "notes.txt"):
        (tmp_path / name).touch()
    assert [path.name for path in list_images(tmp_path)] == ["a.jpg", "b.PNG"]
    assert list(images_by_stem(tmp_path)) == ["a", "b"]
    assert images_by_stem(tmp_path / "absent") == {}


def test_summarize_folder_counts_what_it_does_not_name(tmp_path):
    assert summarize_folder(tmp_path) == "nothing"
    for number in range(9):
        (tmp_path / str(number)).touch()
    assert summarize_folder(tmp_path) == "0, 1, 2, 3, 4, 5 and 3 more"


def test_natural_key_sorts_numbers_by_value():
    assert sorted(["10", "2", "x10", "x9"], key=natural_key) == ["2", "10", "x9", "x10"]
