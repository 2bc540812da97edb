"""The table model: subsets, splits, notes and layout flags."""

from __future__ import annotations

import pytest

from robustbench_endo.reports.data.scores import score_table
from robustbench_endo.reports.data.tables import CATEGORY_ROW, CLEAN_ROW, PLAIN, Cell, Column, Row, Table


@pytest.fixture(scope="module")
def scores(usual_run):
    return score_table(usual_run, ("accuracy", "miou"))


def test_subset_keeps_numbers_heat_and_best(usual_run, scores):
    part = scores.subset(["miou"], usual_run.models[1:])
    assert [column.model for column in part.columns] == usual_run.models[1:]
    assert [row.cells for row in part.rows] == [row.cells[4:] for row in scores.rows]


def test_split_gives_parts_of_equal_width_with_all_columns(scores):
    parts = scores.split(4)
    assert [len(part.columns) for part in parts] == [3, 3]
    assert [part.name for part in parts] == ["scores-1", "scores-2"]
    assert sum((part.columns for part in parts), ()) == scores.columns
    assert scores.split(6) == [scores]


def test_spans_name_each_metric_of_several(scores):
    assert scores.spans == [("Activity accuracy (%)", 3), ("mIoU (%)", 3)]
    assert scores.subset(["miou"]).spans == []


def test_with_rows_separates_summary_rows(scores):
    summary, others = scores.with_rows(summary=True), scores.with_rows(summary=False)
    assert len(summary.rows) + len(others.rows) == len(scores.rows)
    assert all(row.kind.summary for row in summary.rows)
    assert not any(row.kind.summary for row in others.rows)


def test_notes_explain_dagger_statement_and_warning():
    row = Row(PLAIN, "a", (Cell("1", trained_on=True), Cell("–")))
    table = Table("t", "", "", (Column("x"), Column("y")), (row,), True, "statement", "warning", "source")
    assert table.notes[0].startswith("†")
    assert table.notes[1:] == ["source", "statement", "warning"]
    assert table.missing
    assert Table("t", "", "", (), ()).notes == []


def test_cell_tooltip_lists_interval_published_number_and_remarks():
    cell = Cell("1", interval="0 to 2", published="3", remarks=("remark",))
    assert cell.tooltip == ["interval 0 to 2", "published 3", "remark"]
    assert cell.ends == ("0", "2")
    assert Cell("1").tooltip == []


def test_row_kind_flags_are_words_for_style_sheets():
    assert CLEAN_ROW.flags == "clean summary thick"
    assert CATEGORY_ROW.flags == "category summary italic thin"
