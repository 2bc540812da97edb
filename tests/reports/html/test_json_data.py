"""Numbers and tables as JSON."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass

import pytest

from robustbench_endo.reports.data.tables import PLAIN, Cell, Column, Row, Table
from robustbench_endo.reports.html.json_data import exact, plain, rounded, script_text, table_data, tables_of

TABLE = Table("name", "Caption", "", (Column("a"), Column("b")), (Row(PLAIN, "row", (Cell("1", 1.0), Cell("–"))),))


@dataclass(frozen=True)
class Nested:
    """A dataclass with a table, a list of tables and a number."""

    table: Table
    others: list[Table]
    number: float


def test_exact_keeps_every_digit_and_names_what_is_no_number():
    assert [exact(value) for value in (0.1 + 0.2, math.nan, math.inf, -math.inf)] == [0.1 + 0.2, None, "inf", "-inf"]


def test_rounded_has_nine_digits():
    assert rounded(123.456789012345) == 123.456789
    assert rounded(math.nan) is None


def test_table_data_leaves_out_what_is_empty_at_the_end():
    assert table_data(TABLE) == {
        "caption": "Caption",
        "corner": "Row",
        "columns": ["a", "b"],
        "rows": ["row"],
        "cells": [[["1", 1.0], ["–"]]],
    }


def test_tables_of_reads_nested_parts_in_order():
    part = Nested(TABLE, [TABLE, TABLE], 1.0)
    assert list(tables_of({"first": part, "text": "x"})) == [TABLE] * 3


def test_plain_leaves_out_tables():
    assert plain(Nested(TABLE, [], math.nan)) == {"table": None, "others": [], "number": None}


@pytest.mark.parametrize("name", ["</script><b>", "a & b", "\u2028"])
def test_script_text_has_no_markup_and_no_line_separator(name):
    text = str(script_text({"name": name}))
    assert not set(text) & set("<>&\u2028")
    assert json.loads(text)["name"] == name
