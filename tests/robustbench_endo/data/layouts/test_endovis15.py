import pytest

from robustbench_endo.data import load_dataset
from robustbench_endo.errors import FrameError


def test_splits_and_subjects_are_those_of_the_operations(fakes, tmp_path):
    root = fakes.endovis15(tmp_path)
    train, test = (load_dataset("endovis15", root=root, split=split) for split in ("train", "test"))
    assert list(train.subjects) == ["OP1", "OP1", "OP2", "OP2"]
    assert list(test.subjects) == ["OP1", "OP1", "OP5", "OP5"]
    assert test.ids[0] == "test/OP1/img_01_raw.png"
    assert load_dataset("endovis15", root=root).ids == test.ids


def test_masks_are_translated_from_grey_values(fakes, tmp_path):
    data = load_dataset("endovis15", root=fakes.endovis15(tmp_path), split="train")
    assert data.classes == ("background", "shaft", "manipulator")
    shaft, manipulator = data[0].mask, data[1].mask
    assert (shaft == 1).sum() == (manipulator == 2).sum() == fakes.BOX_PIXELS


def test_frame_without_mask_is_left_out(fakes, tmp_path):
    root = fakes.endovis15(tmp_path)
    (root / "Segmentation_Rigid_Testing_GT/OP5/Masks/img_01_class.png").unlink()
    data = load_dataset("endovis15", root=root)
    data.check(range(len(data)))
    with pytest.raises(FrameError, match="Expected a mask for the frame .*OP5/Raw/img_01_raw.png"):
        data[2]
