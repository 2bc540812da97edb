"""The tables of the text formats: LaTeX, Markdown and data files."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from robustbench_endo.errors import RunError
from robustbench_endo.reports.data.aggregates import aggregate_tables, failure_summary
from robustbench_endo.reports.data.floors import with_floor_of_mean
from robustbench_endo.reports.data.metrics import heading
from robustbench_endo.reports.data.tables import Table

if TYPE_CHECKING:
    from robustbench_endo.reports.data.report_data import ReportData
    from robustbench_endo.results import Resampling, Results

MAX_COLUMNS, MAX_COLUMNS_WITH_INTERVALS = 8, 5
"""Columns of numbers that fit a page."""


def printed_tables(results: Results, report: ReportData, intervals: bool | Resampling = False) -> list[Table]:
    """Every table, in the order of the report; scores and summary metrics first, headline metrics before others."""
    aggregates = aggregate_tables(results, report.headline, None, intervals)
    tables = [*score_tables(report), *(with_floor_of_mean(table, results) for table in aggregates)]
    if report.metrics and (failures := finite_failure_summary(results, intervals)):
        tables.append(failures)
    tables += [*report.labels, *report.methods, *report.draws, *report.regions]
    tables += report.rankings.tables if report.rankings else []
    tables += report.failure_detection.all_tables if report.failure_detection else []
    return [*tables, *report.failure_points, *report.targets, *report.interactions]


def score_tables(report: ReportData) -> list[Table]:
    """The table of scores as several: as many metrics together as fit a page with all models."""
    page = MAX_COLUMNS_WITH_INTERVALS if report.scores.show_intervals else MAX_COLUMNS
    n_metrics = max(1, page // len(report.models))
    order = [*report.headline, *(name for name in report.metrics if name not in report.headline)]
    tables = []
    for start in range(0, len(order), n_metrics):
        names = order[start : start + n_metrics]
        table = report.scores.subset(names)
        labels = " and ".join(heading(metric) for metric in table.metrics)
        caption = f"{labels} {report.scores.caption[report.scores.caption.index('under corruption') :]}"
        tables.append(replace(table, name=f"scores-{'-'.join(names)}", caption=caption))
    return tables


def finite_failure_summary(results: Results, intervals: bool | Resampling = False) -> Table | None:
    """The failures of a run; None without labels or without clean frames, on which confidence is compared."""
    try:
        table = failure_summary(results, None, intervals)
    except RunError:
        return None
    return table if any(math.isfinite(cell.value) for cell in table.cells) else None
