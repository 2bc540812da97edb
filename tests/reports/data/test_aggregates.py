"""Summary metrics and failure rates equal the numbers of the results."""

from __future__ import annotations

import pytest

from robustbench_endo.reports.data.aggregates import (
    aggregate_tables,
    describe_failures,
    failure_summary,
    joint_failure_table,
)
from robustbench_endo.results import Resampling

BASELINE = "tiny-resnet/mmoe"


def test_aggregate_tables_equal_the_robustness_of_the_results(usual_run):
    tables = aggregate_tables(usual_run, ("miou", "hd95"), BASELINE)
    frame = usual_run.robustness(("miou", "hd95"), BASELINE)
    assert [table.name for table in tables] == ["robustness-miou", "robustness-hd95"]
    for table, metric in zip(tables, ("miou", "hd95"), strict=True):
        assert len(table.rows) == len(frame.loc[metric])
        for row in table.rows:
            expected = frame.loc[metric, row.keys["aggregate"]][usual_run.models]
            assert [cell.value for cell in row.cells] == pytest.approx(list(expected), nan_ok=True)
    assert aggregate_tables(usual_run, ()) == []


def test_aggregate_tables_with_intervals_have_margins(usual_run):
    (table,) = aggregate_tables(usual_run, ("miou",), None, Resampling(resamples=200))
    assert table.show_intervals
    assert "2 subjects" in table.statement
    assert all(cell.margin for cell in table.rows[0].cells)


def test_failure_summary_equals_the_failures_of_the_results(usual_run):
    table = failure_summary(usual_run)
    frame = usual_run.failures()
    keys = {"clean": ("clean", "clean"), "corrupted": ("mean", "all")}
    for row in table.rows:
        expected = frame.loc[keys[row.keys["frames"]], row.keys["metric"]][usual_run.models]
        assert [cell.value for cell in row.cells] == pytest.approx(list(expected), nan_ok=True)
    assert describe_failures(usual_run.tasks) in table.caption


def test_describe_failures_names_the_thresholds(usual_run):
    assert "Dice of 0.3" in describe_failures(usual_run.tasks, {"segmentation": 0.3})


def test_joint_failure_table_adds_up_to_all_frames(usual_run, make_run):
    table = joint_failure_table(usual_run)
    for index in range(len(usual_run.models)):
        assert sum(row.cells[index].value for row in table.rows[:4]) == pytest.approx(100)
    assert joint_failure_table(make_run(corruptions=[], gallery=False)) is None
