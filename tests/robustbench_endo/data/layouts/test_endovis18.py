import json

import pytest

from robustbench_endo.data import load_dataset
from robustbench_endo.data.layouts.label_maps import SCENE, read_palette
from robustbench_endo.errors import DataError

RELEASE = "miccai_challenge_2018_release_1/miccai_challenge_2018_release_1"


def test_the_challenges_folders(fakes, tmp_path):
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


def test_without_labels_json_the_challenges_own_colours_count(fakes, tmp_path):
    data = load_dataset("endovis18", root=fakes.endovis18(tmp_path, listed=False))
    assert data.classes == tuple(name for name, _ in SCENE)
    assert len(data.classes) == 12
    data.check(range(len(data)))
    assert data[0].mask.unique().tolist() == [0, 2]


def test_a_colour_that_labels_json_lacks(fakes, tmp_path):
    fakes.endovis18(tmp_path)
    fakes.mask(tmp_path / RELEASE / "seq_2/labels/frame000.png", (12, 255, 141), (0, 0, 0))
    data = load_dataset("endovis18", root=tmp_path, split="train")
    with pytest.raises(DataError, match=r"Expected the colours .*seq_2/labels/frame000.png, got \(12, 255, 141\)"):
        data.check(range(len(data)))


def test_unpublished_test_labels(fakes, tmp_path):
    fakes.endovis18(tmp_path)
    for path in (tmp_path / "test_data").rglob("labels/*"):
        path.unlink()
    assert load_dataset("endovis18", root=tmp_path)[0].mask is None


def test_both_forms_of_labels_json(tmp_path):
    path = tmp_path / "labels.json"
    items = [{"name": name, "color": list(colour), "classid": index} for index, (name, colour) in enumerate(SCENE)]
    path.write_text(json.dumps(items[::-1]))
    assert read_palette(path) == SCENE
    wrapped = {"classes": [{**item, "color": [*item["color"], 128], "active": True} for item in items]}
    path.write_text(json.dumps(wrapped))
    assert read_palette(path) == SCENE


@pytest.mark.parametrize(
    "text",
    [
        '[{"name": "a", "color": [0, 0, 256], "classid": 0}]',
        "{",
        "{}",
        "[1]",
        '[{"name": "a", "color": [0, 0], "classid": 0}]',
        '[{"color": [0, 0, 0], "classid": 0}]',
    ],
)
def test_a_damaged_labels_json(tmp_path, text):
    (tmp_path / "labels.json").write_text(text)
    with pytest.raises(DataError, match=r'Expected a list of \{"name", "color", "classid"\} in .*labels.json'):
        read_palette(tmp_path / "labels.json")


def test_class_ids_with_a_hole(tmp_path):
    items = [{"name": "a", "color": [index] * 3, "classid": index} for index in (0, 2)]
    (tmp_path / "labels.json").write_text(json.dumps(items))
    with pytest.raises(DataError, match=r"Expected the classids 0, 1, 2, \.\.\. in .* got \[0, 2\]"):
        read_palette(tmp_path / "labels.json")


def test_instrument_types(fakes, tmp_path):
    root = fakes.endovis18_types(tmp_path)
    data = load_dataset("endovis18", root=root)  # there is no test: val is what is reported on
    assert list(data.subjects) == ["seq_2", "seq_5"]
    assert data.classes[7] == "clip applier"
    assert data[0].mask.unique().tolist() == [0, 7]
    assert load_dataset("endovis18", root=root, split="train").subjects == ["seq_1"]


def test_a_label_beyond_the_types(fakes, tmp_path):
    fakes.endovis18_types(tmp_path)
    fakes.mask(tmp_path / "val/annotations/seq_5/frame000.png", 9)
    data = load_dataset("endovis18", root=tmp_path)
    with pytest.raises(DataError, match="Expected labels from 0 to 7 .* got 9"):
        data.check(range(len(data)))


def test_real_frames(shared_data):
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
