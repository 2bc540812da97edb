"""Cells name the condition that their row, their column or they themselves belong to."""

from __future__ import annotations

from dataclasses import replace

import pytest

from robustbench_endo.reports.data.tables import PLAIN, Cell, Column, Row
from robustbench_endo.reports.html.conditions import cell_conditions


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({"category": "clean", "corruption": "clean"}, "1.-1"),
        ({"category": "mean", "corruption": "all"}, "1.all"),
        ({"category": "mean", "corruption": "blur"}, "1.g1"),
        ({"corruption": "smoke", "severity": "4"}, "1.11.4"),
        ({"corruption": "smoke", "metric": "dice[shaft]"}, "1.11..0"),
        ({"corruption": "smoke", "task": "activity", "severity": "2"}, "1.11.2.1"),
        ({"corruption": "smoke", "severity": "all"}, "1.11.all"),
        ({"corruption": "unknown"}, ""),
        ({"category": "mean", "corruption": "held_out"}, ""),
        ({}, ""),
    ],
)
def test_cell_condition_follows_the_keys(usual_report, keys, expected):
    assert usual_report.models[1] == "tiny-resnet/mmoe"
    assert list(usual_report.categories).index("smoke") == 11
    condition = cell_conditions(usual_report)
    column = Column("any", usual_report.models[1])
    assert condition(Row(PLAIN, "", (), keys), column, Cell("1.00")) == expected
    assert condition(Row(PLAIN, "", ()), column, Cell("1.00", keys=keys)) == expected


def test_cells_of_a_run_of_clean_frames_have_no_conditions(usual_report):
    condition = cell_conditions(replace(usual_report, categories={}))
    row = Row(PLAIN, "", (), {"category": "clean", "corruption": "clean"})
    assert condition(row, Column("", usual_report.models[0]), Cell("1.00")) == ""


def test_cell_without_number_or_model_has_no_condition(usual_report):
    condition = cell_conditions(usual_report)
    row = Row(PLAIN, "", (), {"corruption": "smoke"})
    assert condition(row, Column("Distortion"), Cell("0.10")) == ""
    assert condition(row, Column("", usual_report.models[0]), Cell("–")) == ""
    assert condition(row, Column("", keys={"model": "all"}), Cell("1.00")) == "all.11"
