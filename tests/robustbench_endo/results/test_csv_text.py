"""CSV files for people: formulas in names are without effect."""

from __future__ import annotations

import csv
import io

import numpy as np
import pandas as pd
import pytest

from robustbench_endo.results.csv_text import csv_text


def cells(table: pd.DataFrame) -> list[list[str]]:
    return list(csv.reader(io.StringIO(csv_text(table), newline="")))


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", '=HYPERLINK("x","y")', "=1\n=2"])
def test_csv_text_neutralises_formulas(name):
    table = pd.DataFrame({"model": [name, "plain"], "value": [1.0, 2.0]})
    assert [row[0] for row in cells(table)] == ["model", f"'{name}", "plain"]
    assert cells(table.astype({"model": "category"}))[1][0] == f"'{name}"
    assert cells(table.rename(columns={"model": name}))[0][0] == f"'{name}"


def test_csv_text_keeps_a_carriage_return_in_its_cell():
    assert cells(pd.DataFrame({"a": ["x\r=1", "\r=1"]}))[1:] == [["x =1"], ["' =1"]]


def test_csv_text_never_changes_numbers():
    table = pd.DataFrame(
        {"a": [-1.5, np.nan], "b": [-1, 2], "c": [None, "x"], "d": pd.Series([-1, "-1"], dtype=object)}
    )
    assert cells(table)[1:] == [["-1.5", "-1", "", "-1"], ["", "2", "x", "'-1"]]


def test_csv_text_rounds_to_the_given_format():
    assert csv_text(pd.DataFrame({"a": [1 / 3]}), "%.3g") == "a\n0.333\n"
