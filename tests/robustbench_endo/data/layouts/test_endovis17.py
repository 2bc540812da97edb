import numpy as np
import pytest

from robustbench_endo.data import load_dataset
from robustbench_endo.errors import DataError, FrameError


def test_masks_of_single_instruments_become_types(fakes, tmp_path):
    data = load_dataset("endovis17", root=fakes.endovis17(tmp_path), split="train")
    assert data.classes[2] == "prograsp forceps"
    assert [sample.mask.unique().tolist() for sample in data] == [[0, 2]] * 4
    assert int((data[0].mask == 2).sum()) == fakes.BOX_PIXELS
    assert list(data.subjects) == ["instrument_dataset_1"] * 2 + ["instrument_dataset_6"] * 2
    assert data.ids[0] == "instrument_1_4_training/instrument_dataset_1/left_frames/frame000.png"


def test_masks_of_later_folders_are_painted_over(fakes, tmp_path):
    fakes.endovis17(tmp_path)
    truth = tmp_path / "instrument_1_4_training" / "instrument_dataset_1" / "ground_truth"
    fakes.mask(truth / "Other_labels" / "frame000.png", 40)
    fakes.mask(truth / "Maryland_Bipolar_Forceps_labels" / "frame000.png", 0)
    fakes.mask(truth / "Maryland_Bipolar_Forceps_labels" / "frame001.png", 10)
    data = load_dataset("endovis17", root=tmp_path, split="train")
    # Left_Prograsp, Maryland_Bipolar, Other: in order of their names
    assert data[0].mask.unique().tolist() == [0, 7]
    assert data[1].mask.unique().tolist() == [0, 1]


def test_labels_of_test_come_from_a_separate_archive(fakes, tmp_path):
    data = load_dataset("endovis17", root=fakes.endovis17(tmp_path))
    assert [sample.mask.unique().tolist() for sample in data] == [[0, 3]]
    # the test sequence continues the training sequence of that number
    assert list(data.subjects) == ["instrument_dataset_1"]


def test_frames_of_test_without_labels_have_no_mask(fakes, tmp_path):
    fakes.image(tmp_path / "test" / "instrument_dataset_2" / "left_frames" / "frame225.png")
    data = load_dataset("endovis17", root=tmp_path)
    data.check([0])
    assert data[0].mask is None


def test_frames_of_the_video_are_cropped_to_the_camera(fakes, tmp_path):
    sequence = tmp_path / "train" / "instrument_dataset_1"
    corner = np.zeros((1080, 1920, 3), np.uint8)
    corner[28, 320] = 255
    fakes.save(sequence / "left_frames" / "frame000.png", corner)
    fakes.save(sequence / "ground_truth" / "Vessel_Sealer_labels" / "frame000.png", corner[..., 0])
    data = load_dataset("endovis17", root=tmp_path)
    data.check([0])
    sample = data[0]
    assert sample.image.shape == (3, 1024, 1280)
    assert sample.mask.shape == (1024, 1280)
    assert sample.image[:, 0, 0].tolist() == [255] * 3
    assert int(sample.image.sum()) == 3 * 255
    assert (int(sample.mask[0, 0]), int(sample.mask.sum())) == (4, 4)


def test_cropped_copy_is_read(fakes, tmp_path):
    data = load_dataset("endovis17", root=fakes.endovis17_cropped(tmp_path))
    assert data[0].mask.unique().tolist() == [0, 6]
    assert (
        load_dataset("endovis17", root=tmp_path / "cropped_train").subjects == data.subjects == ["instrument_dataset_3"]
    )


def test_cropped_copy_next_to_its_original_is_not_counted_twice(fakes, tmp_path):
    fakes.endovis17_cropped(fakes.endovis17(tmp_path))
    assert len(load_dataset("endovis17", root=tmp_path, split="train")) == 4


def test_masks_of_an_unknown_instrument_or_missing_are_rejected(fakes, tmp_path):
    fakes.endovis17(tmp_path)
    truth = tmp_path / "instrument_5_8_training" / "instrument_dataset_6" / "ground_truth"
    (truth / "Prograsp_Forceps").rename(truth / "Spoon_labels")
    data = load_dataset("endovis17", root=tmp_path, split="train")
    with pytest.raises(DataError, match=r"name of an instrument .* got 'Spoon_labels'"):
        data.check(range(len(data)))
    (truth / "Spoon_labels" / "frame001.png").unlink()
    data = load_dataset("endovis17", root=tmp_path, split="train")
    index = next(i for i, entry in enumerate(data.entries) if not all(mask.is_file() for mask in entry.masks))
    with pytest.raises(FrameError, match=r"Expected a mask for the frame .*frame001.png"):
        data[index]
