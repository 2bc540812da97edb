import numpy as np
import pytest
import torch

from robustbench_endo.data import load_dataset
from robustbench_endo.errors import DataError, FrameError

ALL = ("recorded_smoke", "recorded_blood", "recorded_low_light", "recorded_background")


@pytest.fixture
def data(fakes, tmp_path):
    return load_dataset("segstrong-c", root=fakes.segstrong_c(tmp_path))


def test_frames_are_the_clean_ones_of_both_eyes(data, fakes):
    assert list(data.ids) == [f"test/9/0/regular/{eye}/{frame}.png" for eye in ("left", "right") for frame in (0, 1)]
    assert set(data.subjects) == {"9/0"}
    assert int(data[0].mask.sum()) == fakes.BOX_PIXELS


def test_recorded_conditions_are_those_of_the_split(data, tmp_path):
    assert data.recorded_conditions == ALL
    conditions = {
        split: load_dataset("segstrong-c", root=tmp_path, split=split).recorded_conditions for split in ("train", "val")
    }
    assert conditions == {"train": (), "val": ("recorded_background",)}


def test_recorded_returns_the_same_frame_under_a_condition(data):
    clean = data[2].image
    for level, condition in enumerate(ALL, 1):
        image = data.recorded(2, condition)
        assert (image.dtype, image.shape) == (torch.uint8, clean.shape)
        # the fake recordings differ by 20 levels of red per domain
        assert (image[0].int() - clean[0].int()).unique().tolist() == [20 * level]


def test_recorded_raises_frame_error_for_a_missing_or_damaged_image(data, tmp_path):
    path = tmp_path / "test/9/0/smoke/left/1.png"
    path.write_bytes(path.read_bytes()[:60])
    with pytest.raises(FrameError, match=r"smoke/left/1.png"):
        data.recorded(1, "recorded_smoke")
    path.unlink()
    with pytest.raises(FrameError, match=r"Expected the frame test/9/0/regular/left/1.png under recorded_smoke"):
        data.recorded(1, "recorded_smoke")
    assert data.recorded(0, "recorded_smoke").shape == data[0].image.shape


def test_recorded_rejects_an_unknown_condition(data, tmp_path):
    with pytest.raises(DataError, match=r"recorded condition of segstrong-c \(recorded_smoke, .* got 'fog'"):
        data.recorded(0, "fog")
    with pytest.raises(DataError, match=r"\(none here\), got 'recorded_smoke'"):
        load_dataset("segstrong-c", root=tmp_path, split="train").recorded(0, "recorded_smoke")


def test_masks_as_arrays_equal_masks_as_images(fakes, tmp_path):
    images = load_dataset("segstrong-c", root=fakes.segstrong_c(tmp_path / "images"))
    arrays = load_dataset("segstrong-c", root=fakes.segstrong_c(tmp_path / "arrays", arrays=True))
    assert all(one.mask.equal(other.mask) for one, other in zip(images, arrays, strict=True))
    path = tmp_path / "arrays/test/9/0/ground_truth/left/0.npy"
    path.write_bytes(b"nothing")
    with pytest.raises(FrameError, match=r"Cannot read the array .*0.npy"):
        arrays[0]


def test_folders_of_the_archives_are_read(fakes, tmp_path):
    fakes.segstrong_c(tmp_path / "SegSTRONGC_test")
    assert len(load_dataset("segstrong-c", root=tmp_path)) == 4


def test_fingerprint_covers_the_recorded_images(data, tmp_path):
    before = data.fingerprint([0])
    path = tmp_path / "test/9/0/blood/left/0.png"
    path.write_bytes(path.read_bytes() + b"\0")
    assert data.fingerprint([0]) != before
    assert data.fingerprint([1]) == data.fingerprint([1])


def test_frame_without_mask_is_left_out(fakes, tmp_path):
    fakes.segstrong_c(tmp_path)
    (tmp_path / "test/9/0/ground_truth/left/0.png").unlink()
    data = load_dataset("segstrong-c", root=tmp_path)
    data.check(range(len(data)))
    with pytest.raises(FrameError, match=r"Expected a mask for the frame .*0.png, got none of that name"):
        data[0]


def test_arrays_with_one_channel_are_read(fakes, tmp_path):
    fakes.segstrong_c(tmp_path, arrays=True)
    path = tmp_path / "test/9/0/ground_truth/left/0.npy"
    mask = np.load(path)
    np.save(path, mask[..., None])
    data = load_dataset("segstrong-c", root=tmp_path)
    np.testing.assert_array_equal(data[0].mask.numpy(), mask > 0)
    np.save(path, np.stack([mask] * 3, -1))
    with pytest.raises(FrameError, match=r"Expected an array \(H, W\) or \(H, W, 1\) in .*0.npy, got the shape"):
        data[0]
