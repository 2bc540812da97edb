"""Tables of a report as data for the typesetter, in parts that fit a page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from robustbench_endo.reports.data.comparison import COMPARISON_NOTE
from robustbench_endo.reports.data.draws import DRAWS_NOTE
from robustbench_endo.reports.data.failure_points import FAILURE_POINTS_NOTE
from robustbench_endo.reports.data.interactions import INTERACTIONS_NOTE
from robustbench_endo.reports.data.metrics import heading
from robustbench_endo.reports.data.report_data import ReportData
from robustbench_endo.reports.data.tables import Cell, Table
from robustbench_endo.reports.pdf.compact import class_tables, side_by_side, without_pooled

COLUMNS, COLUMNS_WITH_MARGINS = 8, 6
"""Columns of scores that fit a page."""

MAX_DETAILED, MAX_PAIRS = 4, 15
"""Models whose differences are printed for each corruption; pairs of models in a table."""

PAIRS, LEVELS, FAILURES, DIFFERENCES = 4, 6, 6, 4
"""Columns per table, by the content of a cell: clean → corrupted, a severity, two rates, a difference with p."""


def score_pages(table: Table, metrics: Sequence[str]) -> list[dict[str, Any]]:
    """The table of scores for some metrics, in tables none of which is wider than a page.

    Several metrics share a table while all models fit next to each other; otherwise each metric has its own, and many
    models are split evenly.
    """
    if not metrics:
        return []
    models = table.models
    columns = COLUMNS_WITH_MARGINS if table.show_intervals else COLUMNS
    n_metrics = max(1, columns // len(models))
    n_models = -(-len(models) // -(-len(models) // columns))
    parts = [
        table.subset(metrics[start : start + n_metrics], models[first : first + n_models])
        for start in range(0, len(metrics), n_metrics)
        for first in range(0, len(models), n_models)
    ]
    return [as_data(part, models) for part in parts]


def split(table: Table, models: Sequence[str], max_models: int) -> list[dict[str, Any]]:
    """A table as parts of at most ``max_models`` columns of models; columns without a model are in every part.

    Args:
        table: to split.
        models: of the run, in order.
        max_models: per part.
    """
    fixed = [index for index, column in enumerate(table.columns) if column.model is None]
    others = [index for index, column in enumerate(table.columns) if column.model is not None]
    if len(others) <= max_models:
        return [as_data(table, models)]
    width = -(-len(others) // -(-len(others) // max_models))
    starts = range(0, len(others), width)
    return [as_data(table.select([*fixed, *others[start : start + width]]), models) for start in starts]


def as_data(table: Table, models: Sequence[str]) -> dict[str, Any]:
    """A table as JSON for the template; models are their positions in the run, whose swatches the template has."""
    return {
        "caption": table.caption,
        "corner": table.corner,
        "headings": [
            {
                "text": heading(metric),
                "arrow": {True: "↑", False: "↓", None: ""}[metric.higher_is_better],
                "width": sum(column.metric is metric for column in table.columns),
            }
            for metric in table.metrics
        ],
        "columns": [
            {
                "label": column.label,
                "model": None if column.model is None else models.index(column.model),
                "detail": column.detail,
            }
            for column in table.columns
        ],
        "rows": [
            {
                "label": row.label,
                "model": models.index(row.label) if row.label in models else None,
                "suffix": row.kind.suffix,
                "summary": row.kind.summary,
                "italic": row.kind.italic,
                "indent": row.kind.indent,
                "rule": row.kind.rule,
                "cells": [_cell(cell) for cell in row.cells],
            }
            for row in table.rows
        ],
        "left": table.has_levels,
        "missing": table.missing,
        "strong": any(cell.strong for cell in table.cells),
        "trained_on": table.trained_on,
        "remarks": [*table.floor_notes, *table.remarks],
        "source": table.source,
    }


def _cell(cell: Cell) -> dict[str, Any]:
    # A difference has its interval and its p-value below it; other intervals are printed as margins or not at all.
    detail = ", ".join(part for part in (cell.interval, cell.detail) if part) if cell.detail else ""
    return {
        "text": cell.text,
        "margin": cell.margin,
        "published": cell.published,
        "marks": cell.marks,
        "strong": cell.strong,
        "heat": cell.heat or 0,
        "level": cell.level,
        "detail": detail,
    }


def report_tables(report: ReportData) -> dict[str, Any]:
    """The tables of a report, in parts that fit a page; a missing part is empty or None.

    Of the metrics that lead no column the PDF has clean frames and the mean of all corruptions only, of labels too.
    """
    models = report.models
    return {
        "scores": score_pages(report.scores, report.headline),
        "overview": split(report.overview, models, PAIRS) if report.overview.rows else [],
        "labels": [part for table in class_tables(report) for part in split(table, models, PAIRS)],
        "by_subject": _by_subject(report),
        "methods": [part for table in report.methods for part in split(table, models, PAIRS)],
        "draws": _with_note(report, report.draws, DRAWS_NOTE),
        "regions": _with_note(report, report.regions, "".join(t.remarks[0] for t in report.regions)),
        "visibility": _with_note(report, report.visibility, " ".join(t.remarks[1] for t in report.visibility)),
        "failure_points": _with_note(report, report.failure_points, FAILURE_POINTS_NOTE),
        "targets": _with_note(report, report.targets, "".join(t.remarks[0] for t in report.targets)),
        "gate": _with_note(report, report.gate, " ".join(report.gate[0].remarks) if report.gate else ""),
        "interactions": _with_note(report, report.interactions, INTERACTIONS_NOTE),
        "envelope": _envelope(report),
        "relative": _relative(report),
        "failures": _failures(report),
        "comparison": _comparison(report),
        "first": _first(report),
    }


def _first(report: ReportData) -> dict[str, Any]:
    """The first screen; every cell with its interval and its detail."""
    first = report.first
    return {
        "banner": first.banner,
        "verdict": first.verdict,
        "gate_text": first.gate_text,
        "gate": first.gate.verdict if first.gate else "",
        "models": _detailed(first.models, report),
        "groups_note": first.groups_note,
        "worst": _detailed(first.worst, report),
        "silent_note": first.silent_note,
        "statement": " ".join(part for part in (first.statement, first.warning) if part),
    }


def _detailed(table: Table | None, report: ReportData) -> dict[str, Any] | None:
    if table is None:
        return None
    data = as_data(table, report.models)
    for row, entry in zip(table.rows, data["rows"], strict=True):
        for cell, part in zip(row.cells, entry["cells"], strict=True):
            part |= {"interval": cell.interval, "below": cell.detail}
    marks = [note for note in table.notes if note != table.statement]
    return {**data, "parts": [column.keys["part"] for column in table.columns], "notes": marks}


def _failures(report: ReportData) -> list[dict[str, Any]]:
    tables = report.silent_failures.tables
    parts = [as_data(table, report.models) for table in tables]
    merged = side_by_side(parts, [table.caption.partition(":")[0] for table in tables], FAILURES)
    if len(merged) < 2 and parts:
        return merged
    return [{**part, "title": t.caption} for t in tables for part in split(t, report.models, FAILURES)]


def _by_subject(report: ReportData) -> dict[str, Any] | None:
    if report.by_subject is None:
        return None
    parts = split(report.by_subject.table, report.models, PAIRS)
    return {"n_omitted": report.by_subject.n_omitted, "parts": parts}


def _with_note(report: ReportData, tables: Sequence[Table], note: str) -> dict[str, Any] | None:
    if not tables:
        return None
    return {"note": note, "parts": [part for t in tables for part in split(t, report.models, PAIRS)]}


def _envelope(report: ReportData) -> dict[str, Any] | None:
    if report.envelope is None:
        return None
    metric = report.envelope.metric
    return {
        "label": metric.label,
        "threshold": f"{report.envelope.threshold:g} {metric.unit}".strip(),
        "statement": " ".join((*report.envelope.table.remarks, report.envelope.table.statement)),
        "parts": split(report.envelope.table, report.models, LEVELS),
    }


def _relative(report: ReportData) -> dict[str, Any] | None:
    if report.relative is None:
        return None
    return {
        "percentage": round(100 * report.relative.fraction),
        "label": report.relative.metric.label,
        "floor": report.relative.floor,
        "parts": split(report.relative.table, report.models, LEVELS),
    }


def _comparison(report: ReportData) -> dict[str, Any] | None:
    comparison = report.comparison
    if comparison is None:
        return None
    detailed = len(comparison.models) < MAX_DETAILED
    tables = [without_pooled(block.differences) for block in comparison.by_metric]
    tables = tables if detailed else [table.with_rows(summary=True) for table in tables]
    headings = [heading(block.metric) for block in comparison.by_metric]
    differences = side_by_side([as_data(table, report.models) for table in tables], headings, DIFFERENCES)
    if len(differences) > 1:
        differences = [
            {**part, "title": name}
            for table, name in zip(tables, headings, strict=True)
            for part in split(table, report.models, DIFFERENCES)
        ]
    return {
        "baseline": comparison.baseline,
        "statement": comparison.statement,
        "note": COMPARISON_NOTE,
        "warnings": comparison.warnings,
        "differences": differences,
        "detailed": detailed,
        "by_metric": [
            {
                "heading": heading(block.metric),
                "verdict": block.verdict,
                "pairs": as_data(block.pairs, report.models) if len(block.pairs.rows) <= MAX_PAIRS else None,
                "ranks": as_data(block.ranks, report.models),
            }
            for block in comparison.by_metric
        ],
    }
