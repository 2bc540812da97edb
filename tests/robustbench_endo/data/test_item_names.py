"""Names of items: stable, relative, and the same in a selection."""

from pathlib import Path
from types import SimpleNamespace

import pytest
from torch.utils.data import ConcatDataset, Subset

from robustbench_endo.data.item_names import check_names, item_ids
from robustbench_endo.errors import DataError


class Named(list):
    """A list with an attribute."""

    def __init__(self, count, **attributes):
        super().__init__(range(count))
        vars(self).update(attributes)


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ({}, ["0", "1"]),
        ({"ids": ["x", "y"]}, ["x", "y"]),
        ({"paths": [Path("/data/a/1.png"), Path("/data/b/2.png")]}, ["a/1.png", "b/2.png"]),
        ({"samples": [("/data/a/1.png", 0), ("/data/a/2.png", 1)]}, ["1.png", "2.png"]),
        ({"imgs": ["a/1.png", "b/1.png"]}, ["a/1.png", "b/1.png"]),
        ({"ids": ["x", "x"]}, ["0", "1"]),
        ({"paths": ["only one"]}, ["0", "1"]),
    ],
)
def test_item_ids_are_names_of_the_data_set_or_indices(attributes, expected):
    assert item_ids(Named(2, **attributes)) == expected


def test_item_ids_of_a_selection_are_those_of_the_full_data_set():
    data = Named(12, paths=[f"/data/p{number}/frame.png" for number in range(12)])
    assert item_ids(Subset(data, [11, 2])) == ["p11/frame.png", "p2/frame.png"]
    assert item_ids(Subset(Named(12), [11, 2])) == ["11", "02"]
    assert item_ids(Subset(Subset(Named(12), [5, 6, 7]), [2])) == ["07"]


def test_item_ids_of_a_concatenation_are_numbered_where_they_repeat():
    first, second = Named(1, ids=["a"]), Named(1, ids=["b"])
    assert item_ids(ConcatDataset([first, second])) == ["a", "b"]
    assert item_ids(ConcatDataset([first, first])) == ["0/a", "1/a"]


def test_check_names_takes_texts_numbers_and_paths():
    assert check_names("ids", ("a", 1, Path("b/c")), 3, distinct=True) == ["a", "1", "b/c"]
    assert check_names("subjects", ["p", "p"], 2, distinct=False) == ["p", "p"]
    for values, text in (
        ("ab", "Expected ids to be one text per item, got 'ab'"),
        (["a"], "one text for each of the 2 items, got 1 values"),
        (["a", None], "got None"),
        (["a", "a"], "got 'a' more than once"),
        (SimpleNamespace(), "one text per item"),
    ):
        with pytest.raises(DataError, match=text):
            check_names("ids", values, 2, distinct=True)
