from __future__ import annotations

import copy
import pickle

import pytest

from robustbench_endo.data import load_dataset
from robustbench_endo.data.concat import ConcatDataset, concatenate
from robustbench_endo.errors import DataError
from robustbench_endo.types import Dataset


def scenes(split, frames):
    return load_dataset("synthetic", split=split, frames=frames, size=(64, 80))


def test_concat_dataset_appends_frames_under_unique_ids():
    first, second = scenes("train", 3), scenes("train", 2)
    both = concatenate(first, [second, second])
    assert isinstance(both, Dataset)
    assert len(both) == 7
    assert both.ids[:3] == list(first.ids)
    assert both.ids[3] == f"extra1/{second.ids[0]}"
    assert len(set(both.ids)) == len(both)
    assert [both[index].id for index in range(7)] == both.ids
    assert (both[4].image == second[1].image).all()
    assert len(both.subjects) == 7
    assert concatenate(first, []) is first


def test_concatenate_rejects_other_labels():
    first, other = scenes("train", 1), scenes("train", 1)
    other.activities = ("nothing",)
    with pytest.raises(DataError, match=r"Expected the activities of .* in the extra data, got nothing in synthetic"):
        concatenate(first, [other])


def test_concatenate_compares_the_number_of_classes_but_not_their_names():
    first, renamed, other = scenes("train", 1), scenes("train", 1), scenes("train", 1)
    renamed.classes = tuple(f"class {index}" for index in range(7))
    assert concatenate(first, [renamed]).classes == first.classes
    other.classes = ("background",)
    with pytest.raises(DataError, match=r"Expected the classes of .* in the extra data, got background in synthetic"):
        concatenate(first, [other])


def test_concat_dataset_has_no_other_attributes_and_can_be_copied():
    both = ConcatDataset((scenes("train", 1), scenes("val", 1)))
    assert not hasattr(both, "fingerprint")
    for clone in (copy.deepcopy(both), pickle.loads(pickle.dumps(both))):
        assert clone[1].image.equal(both[1].image)
