"""The tables of the text formats."""

from __future__ import annotations

from robustbench_endo.reports.data.report_data import report_data
from robustbench_endo.reports.data.tables import FLOOR_ROW
from robustbench_endo.reports.text.printed_tables import (
    MAX_COLUMNS,
    MAX_COLUMNS_WITH_INTERVALS,
    finite_failure_summary,
    score_tables,
)


def test_printed_tables_contain_failures_and_summary_metrics(printed_report):
    results, _, tables = printed_report
    by_name = {table.name: table for table in tables}
    summary = results.robustness(("miou",)).loc["miou"]
    rows = [row for row in by_name["robustness-miou"].rows if row.kind != FLOOR_ROW]
    texts = [[cell.text for cell in row.cells] for row in rows]
    assert texts == [[f"{value:.2f}" for value in row] for row in summary.to_numpy(float)]
    failed = results.failures().loc[("mean", "all")]["activity_failed"]
    rows = {row.label: [cell.text for cell in row.cells] for row in by_name["failures"].rows}
    assert rows["Activity failures, corrupted"] == [f"{value:.2f}" for value in failed[results.models]]


def test_printed_tables_have_unique_names(printed_report):
    _, report, tables = printed_report
    names = [table.name for table in tables]
    assert len(names) == len(set(names))
    assert names[0] == "scores-accuracy-miou"
    last = [*report.labels, *report.rankings.tables, *report.failure_detection.all_tables]
    assert names[-len(last) :] == [table.name for table in last]


def test_score_tables_fit_page_and_contain_every_metric(printed_report, make_run, resampling):
    _, report, _ = printed_report
    tables = score_tables(report)
    assert all(len(table.columns) <= MAX_COLUMNS for table in tables)
    names = [metric.name for table in tables for metric in table.metrics]
    assert sorted(names) == sorted(report.metrics)
    assert names[: len(report.headline)] == report.headline
    results = make_run(models=["a", "b"], corruptions=["smoke"], severities=[1], gallery=False)
    tables = score_tables(report_data(results, resampling))
    assert all(len(table.columns) <= MAX_COLUMNS_WITH_INTERVALS for table in tables)


def test_finite_failure_summary_without_clean_frames_or_labels(make_run, unscored):
    def drop_clean(frame, info):
        unscored(frame, info)
        return frame[frame["corruption"] != "clean"]

    results = make_run(models=["a"], corruptions=["smoke"], severities=[1], gallery=False, edit=drop_clean)
    assert finite_failure_summary(results) is None
