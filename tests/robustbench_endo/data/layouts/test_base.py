"""Properties of every public data set."""

import pytest
import torch

from robustbench_endo.data import load_dataset
from robustbench_endo.errors import DataError
from robustbench_endo.types import IGNORE, Dataset

NAMES = (
    "mtlesd",
    "mtlendovis",
    "mtlendovis-gen",
    "endovis15",
    "endovis17",
    "endovis18",
    "cholecseg8k",
    "kvasir-instrument",
    "segstrong-c",
)
SPLIT = [name for name in NAMES if name != "mtlendovis-gen"]
every_name = pytest.mark.parametrize("name", NAMES)


@pytest.fixture
def load(fakes, tmp_path):
    def load(name, **options):
        root = tmp_path / name
        if not root.exists():
            fakes.WRITERS[name](root)
        return load_dataset(name, root=root, **options)

    return load


def test_fake_layouts_writes_every_layout(fakes):
    assert set(fakes.WRITERS) == set(NAMES)


@every_name
def test_layout_meets_the_dataset_protocol(load, name):
    data = load(name)
    assert isinstance(data, Dataset)
    assert data.name == name
    assert len(data) == len(data.ids) == len(data.subjects) > 0
    assert list(data.ids) == sorted(set(data.ids))
    assert all(entry.image.is_file() and entry.image.name in entry.id for entry in data.entries)
    data.check(range(len(data)))
    for index in range(len(data)):
        sample = data[index]
        assert (sample.image.dtype, sample.image.shape[0]) == (torch.uint8, 3)
        assert (sample.mask.dtype, sample.mask.shape) == (torch.uint8, sample.image.shape[1:])
        assert set(sample.mask.unique().tolist()) <= {*range(len(data.classes)), IGNORE}
        assert (sample.id, sample.subject_id) == (data.ids[index], data.subjects[index])
        assert sample.activity is None or 0 <= sample.activity < len(data.activities)


@every_name
def test_layout_loads_from_name_and_folder_in_one_spec(load, name, tmp_path):
    assert load_dataset(f"{name}:{load(name).root}").ids == load(name).ids


@every_name
def test_fingerprint_changes_with_the_mask(load, name):
    data = load(name)
    before = data.fingerprint([0])
    assert load(name).fingerprint([0]) == before
    mask = data.entries[0].masks[-1]
    mask.write_bytes(mask.read_bytes() + b"\0")
    assert load(name).fingerprint([0]) != before


@pytest.mark.parametrize("name", SPLIT)
def test_splits_share_no_frame_and_all_is_their_sum(load, name):
    if name.startswith("mtl"):
        train, test = load(name, split="train"), load(name, split="test")
        assert not {entry.image for entry in train.entries} & {entry.image for entry in test.entries}
        return
    everything = load(name, split="all")
    parts = [load(name, split=split).ids for split in ("train", "val", "test") if count_frames(load, name, split)]
    assert sorted(image_id for part in parts for image_id in part) == list(everything.ids)


def count_frames(load, name, split):
    try:
        return len(load(name, split=split))
    except DataError:
        return 0


@every_name
def test_unknown_split_error_names_the_available_ones(load, name):
    with pytest.raises(
        DataError, match=r"Expected .*split .*('nowhere' in .*, got test, train|got (none for )?'nowhere')"
    ):
        load(name, split="nowhere")


@every_name
def test_wrong_layout_error_names_expected_and_actual_folders(name, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    with pytest.raises(DataError, match="Expected .*got") as error:
        load_dataset(name, root=tmp_path)
    assert str(tmp_path) in str(error.value)
    assert "elsewhere" in str(error.value)
    assert name in str(error.value) or name.startswith("mtl")


@every_name
def test_layout_rejects_a_missing_folder(name, tmp_path):
    with pytest.raises(DataError, match="Expected a data folder at .*nowhere, got none"):
        load_dataset(name, root=tmp_path / "nowhere")


@every_name
def test_layout_rejects_a_missing_root(name):
    with pytest.raises(DataError, match=rf"Expected the root of the dataset '{name}', .* --data {name}:DIR"):
        load_dataset(name)


@every_name
def test_class_names_must_be_as_many_as_labels(load, name):
    names = tuple(f"name {index}" for index in range(len(load(name).classes)))
    assert load(name, classes=names).classes == names
    with pytest.raises(DataError, match=f"Expected {len(names)} class names for {name}"):
        _ = load(name, classes=names[1:]).classes


@every_name
def test_subject_regex_overrides_the_subjects(load, name):
    data = load(name, subject_regex=r"(\d)\D*$")
    assert set(data.subjects) <= set("0123456789")
