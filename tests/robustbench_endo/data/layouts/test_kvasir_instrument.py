import pytest

from robustbench_endo.data import load_dataset
from robustbench_endo.errors import DataError


def test_frames_of_the_lists_and_lossy_masks_are_read(fakes, tmp_path):
    root = fakes.kvasir_instrument(tmp_path)
    data = load_dataset("kvasir-instrument", root=root)
    assert list(data.ids) == ["images/ckcu3.jpg"]
    assert data[0].mask.unique().tolist() == [0, 1]
    assert int(data[0].mask.sum()) == fakes.BOX_PIXELS
    assert len(load_dataset("kvasir-instrument", root=root, split="train")) == 2


def test_masks_are_thresholded_at_128(fakes, tmp_path):
    root = fakes.kvasir_instrument(tmp_path)
    fakes.mask(root / "masks/ckcu3.png", 128, 127)
    assert int(load_dataset("kvasir-instrument", root=root)[0].mask.sum()) == fakes.BOX_PIXELS


def test_frames_are_one_subject_unless_they_are_assumed_independent(fakes, tmp_path):
    root = fakes.kvasir_instrument(tmp_path)
    data = load_dataset("kvasir-instrument", root=root, split="all")
    assert (set(data.subjects), data.subject_source) == ({"all"}, "none")
    independent = load_dataset("kvasir-instrument", root=root, split="all", assume_independent_frames=True)
    assert len(set(independent.subjects)) == len(independent) == 3
    assert independent.subject_source == "independent frames"


def test_lists_may_have_suffixes_and_blank_lines(fakes, tmp_path):
    root = fakes.kvasir_instrument(tmp_path)
    (root / "test.txt").write_text("ckcu3.jpg\r\n\r\n")
    assert len(load_dataset("kvasir-instrument", root=root)) == 1


def test_lists_with_a_missing_frame_or_empty_are_rejected(fakes, tmp_path):
    root = fakes.kvasir_instrument(tmp_path)
    (root / "test.txt").write_text("ckcu9\n")
    with pytest.raises(DataError, match=r"Expected the frame 'ckcu9' of .*test.txt in .*images, got none"):
        load_dataset("kvasir-instrument", root=root)
    (root / "test.txt").write_text("")
    with pytest.raises(DataError, match=r"with frames \(train, all\), got none for 'test'"):
        load_dataset("kvasir-instrument", root=root, split="test")
