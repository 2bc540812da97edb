from __future__ import annotations

import pytest

from robustbench_endo.data import load_dataset
from robustbench_endo.data.concat import joined
from robustbench_endo.errors import DataError


def scenes(split, frames):
    return load_dataset("synthetic", split=split, frames=frames, size=(64, 80))


def test_frames_follow_each_other_under_names_of_their_own():
    first, second = scenes("train", 3), scenes("train", 2)
    both = joined(first, [second, second])
    assert len(both) == 7
    assert both.ids[:3] == list(first.ids)
    assert both.ids[3] == f"extra1/{second.ids[0]}"
    assert len(set(both.ids)) == len(both)
    assert [both[index].id for index in range(7)] == both.ids
    assert (both[4].image == second[1].image).all()
    assert len(both.subjects) == 7
    assert joined(first, []) is first


def test_other_labels_are_refused(tmp_path):
    first, other = scenes("train", 1), scenes("train", 1)
    object.__setattr__(other, "classes", ("background",)) if hasattr(other, "__dict__") else None
    other.activities = ("nothing",)
    with pytest.raises(DataError, match=r"in the extra data, got"):
        joined(first, [other])
