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
    visible_folders,
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


def test_list_entries_sorts_by_id_and_labels_activities(make_folder):
    root = make_folder(frames=1)
    entries = list_entries(split_root(root, None))
    assert [entry.id for entry in entries] == ["1/image/OP1_img_00.png", "2/image/OP1_img_00.png"]
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


def test_visible_folders_skips_hidden_folders_and_those_of_macos(tmp_path):
    for name in ("b/seq_1", "a", "__MACOSX/seq_1", ".git"):
        (tmp_path / name).mkdir(parents=True)
    assert visible_folders(tmp_path) == [tmp_path / "a", tmp_path / "b"]
    assert visible_folders(tmp_path / "absent") == []


def test_list_entries_gives_the_path_that_a_missing_mask_should_have(make_folder):
    root = make_folder(frames=1)
    (root / "test/1/mask/OP1_img_00.png").unlink()
    first, second = list_entries(root / "test")
    assert first.mask == root / "test/1/mask/OP1_img_00.png"
    assert second.mask is not None
    assert second.mask.is_file()


@pytest.mark.parametrize("masks", ["masks", "labels", "annotations", "mask"])
@pytest.mark.parametrize("suffix", ["", "_mask", "_label", "_seg"])
def test_list_entries_pairs_common_names_of_folders_and_masks(tmp_path, masks, suffix):
    for name in ("images/a_01.jpg", f"{masks}/a_01{suffix}.png", "images/.hidden.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (entry,) = list_entries(tmp_path)
    assert (entry.id, entry.mask) == ("images/a_01.jpg", tmp_path / masks / f"a_01{suffix}.png")


@pytest.mark.parametrize("suffix", ["_mask", "_label", "_seg"])
def test_list_entries_pairs_masks_next_to_their_frames(tmp_path, suffix):
    for name in ("a_01.png", f"a_01{suffix}.png", "a_02.png"):
        (tmp_path / name).touch()
    first, second = list_entries(tmp_path)
    assert (first.id, first.mask) == ("a_01.png", tmp_path / f"a_01{suffix}.png")
    assert (second.id, second.mask) == ("a_02.png", tmp_path / "a_02_mask.png")
    assert [entry.id for entry in list_entries(tmp_path)] == ["a_01.png", "a_02.png"]
