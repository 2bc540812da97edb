import pytest

from robustbench_endo.data import load_dataset
from robustbench_endo.errors import DataError


def test_lists_and_lossy_masks(fakes, tmp_path):
    root = fakes.kvasir_instrument(tmp_path)
    data = load_dataset("kvasir-instrument", root=root)
    assert list(data.ids) == ["images/ckcu3.jpg"]
    assert data[0].mask.unique().tolist() == [0, 1]
    assert int(data[0].mask.sum()) == fakes.BOX_PIXELS
    assert len(load_dataset("kvasir-instrument", root=root, split="train")) == 2


def test_the_middle_of_the_scale_is_the_border(fakes, tmp_path):
    root = fakes.kvasir_instrument(tmp_path)
    fakes.mask(root / "masks/ckcu3.png", 128, 127)
    assert int(load_dataset("kvasir-instrument", root=root)[0].mask.sum()) == fakes.BOX_PIXELS


def test_every_frame_is_its_own_group(fakes, tmp_path):
    data = load_dataset("kvasir-instrument", root=fakes.kvasir_instrument(tmp_path), split="all")
    assert len(set(data.subjects)) == len(data) == 3


def test_names_with_a_suffix_or_blank_lines(fakes, tmp_path):
    root = fakes.kvasir_instrument(tmp_path)
    (root / "test.txt").write_text("ckcu3.jpg\r\n\r\n")
    assert len(load_dataset("kvasir-instrument", root=root)) == 1


def test_a_name_without_frame_and_an_empty_list(fakes, tmp_path):
    root = fakes.kvasir_instrument(tmp_path)
    (root / "test.txt").write_text("ckcu9\n")
    with pytest.raises(DataError, match=r"Expected the frame 'ckcu9' of .*test.txt in .*images, got none"):
        load_dataset("kvasir-instrument", root=root)
    (root / "test.txt").write_text("")
    with pytest.raises(DataError, match=r"with frames \(train, all\), got none for 'test'"):
        load_dataset("kvasir-instrument", root=root, split="test")
