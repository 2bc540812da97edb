import pytest

from robustbench_endo.data import load_dataset
from robustbench_endo.data.layouts.label_maps import SCENE
from robustbench_endo.errors import DataError

RELEASE = "miccai_challenge_2018_release_1/miccai_challenge_2018_release_1"


def test_challenge_layout_is_read(fakes, tmp_path):
    root = fakes.endovis18(tmp_path)
    train, test = (load_dataset("endovis18", root=root, split=split) for split in ("train", None))
    assert (len(train), len(test)) == (4, 2)
    assert train.classes == ("background-tissue", "instrument-shaft", "instrument-clasper")
    # seq_1 of train and seq_1 of test are different operations
    assert (set(train.subjects), set(test.subjects)) == ({"seq_1", "seq_2"}, {"test/seq_1"})
    assert test[0].mask.unique().tolist() == [0, 2]
    assert int((test[0].mask == 2).sum()) == fakes.BOX_PIXELS


def test_repairs_replace_labels_of_train_only(fakes, tmp_path):
    root = fakes.endovis18(tmp_path)
    labels = {
        sample.id: sample.mask.max().item()
        for split in ("train", "test")
        for sample in load_dataset("endovis18", root=root, split=split)
    }
    assert [image_id for image_id, label in labels.items() if label == 1] == [
        f"{RELEASE}/seq_1/left_frames/frame001.png"
    ]


def test_challenge_colours_apply_without_labels_json(fakes, tmp_path):
    data = load_dataset("endovis18", root=fakes.endovis18(tmp_path, with_palette=False))
    assert data.classes == tuple(name for name, _ in SCENE)
    assert len(data.classes) == 12
    data.check(range(len(data)))
    assert data[0].mask.unique().tolist() == [0, 2]


def test_masks_with_a_colour_that_labels_json_lacks_are_rejected(fakes, tmp_path):
    fakes.endovis18(tmp_path)
    fakes.mask(tmp_path / RELEASE / "seq_2/labels/frame000.png", (12, 255, 141), (0, 0, 0))
    data = load_dataset("endovis18", root=tmp_path, split="train")
    with pytest.raises(DataError, match=r"Expected the colours .*seq_2/labels/frame000.png, got \(12, 255, 141\)"):
        data.check(range(len(data)))


def test_frames_of_test_without_published_labels_have_no_mask(fakes, tmp_path):
    fakes.endovis18(tmp_path)
    for path in (tmp_path / "test_data").rglob("labels/*"):
        path.unlink()
    assert load_dataset("endovis18", root=tmp_path)[0].mask is None


def test_instrument_types_of_isinet_are_read(fakes, tmp_path):
    root = fakes.endovis18_types(tmp_path)
    data = load_dataset("endovis18", root=root)  # without test, val is the default
    assert list(data.subjects) == ["seq_2", "seq_5"]
    assert data.classes[7] == "clip applier"
    assert data[0].mask.unique().tolist() == [0, 7]
    assert load_dataset("endovis18", root=root, split="train").subjects == ["seq_1"]


def test_check_rejects_a_label_beyond_the_types(fakes, tmp_path):
    fakes.endovis18_types(tmp_path)
    fakes.mask(tmp_path / "val/annotations/seq_5/frame000.png", 9)
    data = load_dataset("endovis18", root=tmp_path)
    with pytest.raises(DataError, match="Expected labels from 0 to 7 .* got 9"):
        data.check(range(len(data)))


def test_real_frames_are_read(shared_data):
    data = load_dataset(f"endovis18:{shared_data / 'endovis18'}")
    assert (len(data), set(data.subjects)) == (12, {"seq_1", "seq_4", "seq_6", "seq_7"})
    data.check(range(2))
    sample = data[0]
    assert (sample.image.shape, sample.mask.shape) == ((3, 1024, 1280), (1024, 1280))
    assert [data.classes[label] for label in sample.mask.unique().tolist()] == [
        "background",
        "bipolar forceps",
        "prograsp forceps",
        "monopolar curved scissors",
    ]
