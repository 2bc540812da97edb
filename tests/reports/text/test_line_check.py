"""The first different line of two texts."""

import pytest

from robustbench_endo.reports.text.line_check import line_difference


@pytest.mark.parametrize(
    ("stored", "expected", "difference"),
    [
        ("a\nb 1", "a\nb 2", "2 than the records give: 'b 1' instead of 'b 2'."),
        ("a\nmore", "a", "2 than the records give: 'more' instead of nothing."),
        ("a\nnothing", "a", "2 than the records give: 'nothing' instead of nothing."),
        ("a\x0cb", "a\nb", "1 than the records give: 'a\\x0cb' instead of 'a'."),
        ("x" * 90 + "1", "x" * 90 + "2", f"1 than the records give: '{'x' * 20}1' instead of '{'x' * 20}2'."),
    ],
)
def test_line_difference_names_the_first_line(stored, expected, difference):
    assert line_difference(stored.encode(), expected.encode()) == f"has another line {difference}"


def test_line_breaks_of_windows_are_equal():
    assert line_difference(b"a\r\nb\r\n", b"a\nb\n") == ""
