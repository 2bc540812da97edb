from __future__ import annotations

import pytest

from robustbench_endo.errors import TrainingError
from robustbench_endo.training import split_by_subject


def grouped(squares, names):
    data = squares(len(names))
    data.subjects = list(names)
    return data


@pytest.mark.parametrize("seed", range(5))
def test_no_group_is_on_both_sides_and_no_frame_is_lost(squares, seed):
    data = grouped(squares, "aaabbbccdddd")
    inside, outside = split_by_subject(data, 0.3, seed)
    assert not set(inside.subjects) & set(outside.subjects)
    assert sorted([*inside.ids, *outside.ids]) == sorted(data.ids)
    assert 0.3 * len(data) <= len(outside) < len(data)
    assert inside[0].id == inside.ids[0]


def test_one_group_stays_on_each_side(squares):
    inside, outside = split_by_subject(grouped(squares, "aaaab"), 0.99)
    assert len(set(inside.subjects)) == len(set(outside.subjects)) == 1


def test_the_seed_chooses(squares):
    data = grouped(squares, "abcdefghij")
    assert len({tuple(split_by_subject(data, 0.2, seed)[1].subjects) for seed in range(6)}) > 1


def test_one_group_cannot_be_split(squares):
    with pytest.raises(TrainingError, match=r"at least two subjects in squares .* got 1: name the subjects"):
        split_by_subject(squares(4), 0.5)


@pytest.mark.parametrize("share", [0.0, 1.0, -1.0])
def test_a_share_is_between_0_and_1(squares, share):
    with pytest.raises(TrainingError, match="validation share between 0 and 1"):
        split_by_subject(squares(4), share)
