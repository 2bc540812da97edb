"""Tests of the table of a run at a target distortion."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from robustbench_endo.reports.data.target_distortion import target_tables


def test_target_table_has_severities_and_names_what_misses_the_target(usual_run: Any) -> None:
    assert target_tables(usual_run) == []
    entries = [
        {"name": "smoke", "severity": 2.375, "distortion": 0.2012},
        {"name": "jpeg_compression", "severity": 3, "distortion": 0.22},
    ]
    stored = {"target": 0.2, "corruptions": entries}
    (table,) = target_tables(replace(usual_run, info={**usual_run.info, "target_distortion": stored}))
    assert [[cell.text for cell in row.cells] for row in table.rows] == [["2.375", "0.201"], ["3", "0.220"]]
    assert table.remarks[1].endswith("jumps: JPEG compression.")
