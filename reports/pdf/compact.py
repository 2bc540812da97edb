"""Tables of the PDF that are shorter than those of the page: merged, and without what only few readers need."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from robustbench_endo.reports.data.provenance import CorruptionFacts
from robustbench_endo.reports.data.report_data import ReportData
from robustbench_endo.reports.data.scores import change_cell
from robustbench_endo.reports.data.tables import CLEAN_ROW, MEAN_ROW, PLAIN, Cell, Row, Table
from robustbench_endo.reports.formatting import MISSING


def side_by_side(parts: Sequence[Mapping[str, Any]], headings: Sequence[str], max_columns: int) -> list[dict[str, Any]]:
    """Tables with the same rows as one, with a heading above the columns of each; apart where that is too wide.

    Args:
        parts: from :func:`robustbench_endo.reports.pdf.tables.as_data`.
        headings: of the parts.
        max_columns: that fit a page.
    """
    labels = [[row["label"] for row in part["rows"]] for part in parts]
    width = sum(len(part["columns"]) for part in parts)
    if len(parts) < 2 or width > max_columns or any(each != labels[0] for each in labels[1:]):
        return [{**part, "title": heading} for part, heading in zip(parts, headings, strict=True)]
    rows = [
        {**rows[0], "cells": [cell for row in rows for cell in row["cells"]]}
        for rows in zip(*(part["rows"] for part in parts), strict=True)
    ]
    spans = [
        {"text": heading, "arrow": "", "width": len(part["columns"])}
        for part, heading in zip(parts, headings, strict=True)
    ]
    columns = [column for part in parts for column in part["columns"]]
    return [{**parts[0], "columns": columns, "rows": rows, "headings": spans, "title": ""}]


def class_tables(report: ReportData) -> list[Table]:
    """The tables by label of a task as one: a row per label, clean frames → mean of all corruptions of each model."""
    by_task: dict[str, dict[str, Table]] = {}
    for table in report.labels:
        model = table.columns[0].keys["model"]
        by_task.setdefault(table.name.rpartition("-")[0], {})[model] = table
    return [_class_table(name, tables, report) for name, tables in by_task.items()]


def _class_table(name: str, tables: Mapping[str, Table], report: ReportData) -> Table:
    first = next(iter(tables.values()))
    rows = tuple(
        Row(
            PLAIN,
            column.label,
            tuple(_change(tables[model], index) if model in tables else Cell(MISSING) for model in report.models),
        )
        for index, column in enumerate(first.columns)
    )
    measure = first.caption.partition(" of each class")[0]
    columns = tuple(column for column in report.overview.columns if column.model is not None)
    return Table(name, f"{measure} of each class: clean → mean of all corruptions", "Class", columns, rows)


def _change(table: Table, index: int) -> Cell:
    texts = {row.kind: row.cells[index].text for row in reversed(table.rows)}
    return change_cell(texts.get(CLEAN_ROW, MISSING), texts.get(MEAN_ROW, MISSING))


def without_pooled(table: Table) -> Table:
    """Differences with interval and p-value only."""
    rows = tuple(
        replace(row, cells=tuple(replace(cell, detail=_short_detail(cell)) for cell in row.cells)) for row in table.rows
    )
    return replace(table, rows=rows)


def _short_detail(cell: Cell) -> str:
    test, separator, _ = cell.detail.partition(", pooled")
    return test if separator else " " if cell.interval else ""


def corruption_rows(corruptions: Sequence[CorruptionFacts]) -> dict[str, Any]:
    """Corruptions with what changes by severity; what is constant, and the sources, once."""
    sources = list(dict.fromkeys(facts.citation for facts in corruptions if facts.citation))
    rows = []
    for facts in corruptions:
        changing = [f"{name}: {', '.join(values)}" for name, values in facts.parameters if len(set(values)) > 1]
        constant = [f"{name} {values[0]}" for name, values in facts.parameters if len(set(values)) == 1]
        rows.append(
            {
                "label": facts.label,
                "category": facts.category,
                "cause": facts.cause,
                "changing": "; ".join(changing),
                "constant": "; ".join(constant),
                "source": sources.index(facts.citation) + 1 if facts.citation else None,
            }
        )
    return {"rows": rows, "sources": sources}
