"""The first difference of two JSON values."""

import pytest

from robustbench_endo.results.differences import first_difference, shorten

CONTENT = {"a": [{"b": 1.0}, {"b": None}], "c": "text", "d": True}


def test_equal_values_have_no_difference():
    rounded = {**CONTENT, "a": [{"b": 1.0 + 1e-9}, {"b": None}]}
    assert first_difference(rounded, CONTENT, "x") == ""


@pytest.mark.parametrize(
    ("stored", "expected"),
    [
        ({**CONTENT, "a": [{"b": 2.0}, {"b": None}]}, "a[0].b than the records give: 2.0 instead of 1.0"),
        ({**CONTENT, "a": [{"b": 1.0}, {"b": 0}]}, "a[1].b than the records give: 0 instead of null"),
        ({**CONTENT, "a": [{"b": 1.0}]}, "length of a than the records give: 1 instead of 2"),
        ({**CONTENT, "c": "other"}, "c than the records give: other instead of text"),
        ({**CONTENT, "d": 1}, "d than the records give: 1 instead of true"),
        ({**CONTENT, "e": 1}, "e than the records give: 1 instead of nothing"),
        ({"a": CONTENT["a"], "c": "text"}, "d than the records give: nothing instead of true"),
        ([], " than the records give: [] instead of {"),
    ],
)
def test_first_difference_is_named_by_its_path(stored, expected):
    assert first_difference(stored, CONTENT, "x.json").startswith(f"x.json has another {expected}")


def test_long_values_are_shortened():
    assert len(shorten("x" * 100)) == 60
