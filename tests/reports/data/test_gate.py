"""The acceptance gate of a run folder, in reports."""

from __future__ import annotations

import dataclasses

import pytest

from robustbench_endo.gate import parse_plan, run_gate
from robustbench_endo.reports.data.gate import MAX_ROWS, gate_tables
from robustbench_endo.reports.data.report_data import report_data
from robustbench_endo.reports.html.page import html
from robustbench_endo.reports.pdf.tables import report_tables

PLAN = """
min_subjects = 2
[[criteria]]
id = "<b>smoke"
metric = "dice"
corruption = "smoke"
severities = [1, 3]
at_least = 0.01
[[criteria]]
id = "clean"
metric = "accuracy"
corruption = "clean"
at_least = 0.99
models = "second"
""".replace("<b>", "")


@pytest.fixture
def gated(make_run):
    """A run folder with a gate of two criteria, the second for one of the two models."""
    results = make_run(["first", "second"], ["smoke", "contrast"], [1, 3], gallery=False)
    run_gate(results, parse_plan(PLAN)).write(results.path / "gate.json")
    return results


def test_gate_tables_have_a_row_per_criterion(gated):
    (table,) = gate_tables(gated)
    assert [row.label for row in table.rows] == ["smoke: dice ≥ 1 %, smoke 1,3", "clean: accuracy ≥ 99 %, clean"]
    assert [column.model for column in table.columns] == ["first", "second"]
    assert table.rows[1].cells[0].text == "–"
    assert {cell.text for cell in table.rows[0].cells} <= {"pass", "undecided", "fail"}
    assert "criterion is violated" in table.remarks[1]
    assert "towards the bound" in table.remarks[2]


def test_gate_is_in_the_page_and_the_pdf(gated):
    report = report_data(gated)
    page = html(report)
    assert '<section id="gate"' in page
    assert "smoke: dice ≥ 1 %, smoke 1,3" in page
    assert report_tables(report)["gate"]["parts"]


def test_a_gate_of_other_records_is_not_in_the_report(gated):
    assert gate_tables(dataclasses.replace(gated, path=None)) == []
    assert gate_tables(dataclasses.replace(gated, info={**gated.info, "checksum": "0"})) == []


def test_criteria_that_do_not_pass_come_first_where_there_are_many(gated):
    criterion = PLAN.split("[[criteria]]")[1]
    many = ["min_subjects = 2\n", *(criterion.replace("smoke", f"c{number}", 1) for number in range(MAX_ROWS))]
    plan = parse_plan("[[criteria]]".join([*many, criterion.replace("smoke", "last", 1).replace("0.01", "0.999")]))
    run_gate(gated, plan).write(gated.path / "gate.json")
    (table,) = gate_tables(gated)
    assert len(table.rows) == MAX_ROWS
    assert table.rows[0].label.startswith("last: ")
    assert "1 further criteria are in gate.json" in " ".join(table.remarks)
