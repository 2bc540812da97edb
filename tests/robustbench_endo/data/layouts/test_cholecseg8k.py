import pytest

from robustbench_endo.data import load_dataset
from robustbench_endo.data.layouts.cholecseg8k import CLASSES, TEST_VIDEOS, VAL_VIDEOS
from robustbench_endo.errors import DataError
from robustbench_endo.types import IGNORE


def test_classes_have_different_levels_and_colours(fakes):
    assert len(CLASSES) == len({level for _, level, _ in CLASSES}) == len({colour for *_, colour in CLASSES}) == 13
    assert tuple(level for _, level, _ in CLASSES) == fakes.WATERSHED
    assert not set(TEST_VIDEOS) & set(VAL_VIDEOS)


def test_watershed_and_colour_masks_have_the_same_labels(fakes, tmp_path):
    root = fakes.cholecseg8k(tmp_path)
    data = load_dataset("cholecseg8k", root=root)
    assert list(data.ids) == [f"video12/video12_00080/frame_{frame}_endo.png" for frame in (80, 81)]
    assert data.subjects == ["video12"] * 2
    by_level = data[0].mask
    assert data.classes[10] == "gallbladder"
    assert by_level.unique().tolist() == [0, 10]
    for path in root.rglob("*_watershed_mask.png"):
        path.unlink()
    assert load_dataset("cholecseg8k", root=root)[0].mask.equal(by_level)


@pytest.mark.parametrize("level", [0, 255])
def test_watershed_lines_are_ignored(fakes, tmp_path, level):
    root = fakes.cholecseg8k(tmp_path)
    fakes.mask(root / "video12/video12_00080/frame_80_endo_watershed_mask.png", (level,) * 3, (21,) * 3)
    assert load_dataset("cholecseg8k", root=root)[0].mask.unique().tolist() == [2, IGNORE]


def test_splits_share_no_video(fakes, tmp_path):
    root = fakes.cholecseg8k(tmp_path)
    videos = {
        split: set(load_dataset("cholecseg8k", root=root, split=split).subjects) for split in ("train", "val", "test")
    }
    assert videos == {"train": {"video01"}, "val": {"video17"}, "test": {"video12"}}


def test_masks_with_an_unknown_level_or_missing_are_rejected(fakes, tmp_path):
    root = fakes.cholecseg8k(tmp_path)
    clip = root / "video12/video12_00080"
    fakes.mask(clip / "frame_80_endo_watershed_mask.png", (9, 9, 9), (50, 50, 50))
    with pytest.raises(DataError, match=r"grey values 0, 5, 11, .*frame_80_endo_watershed_mask.png, got 9"):
        load_dataset("cholecseg8k", root=root).check([0])
    for path in clip.glob("frame_81_endo_*"):
        path.unlink()
    with pytest.raises(DataError, match=r"Expected frame_81_endo_watershed_mask.png .* got neither"):
        load_dataset("cholecseg8k", root=root)
