"""The run as Markdown, for issues and pull requests: summary, tables, largest drops, provenance."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from robustbench_endo.reports.data.tables import Cell, Row, Table
from robustbench_endo.reports.stored_settings import settings_line

if TYPE_CHECKING:
    from robustbench_endo.reports.data.report_data import ReportData

_SPECIAL = re.compile(r"([\\`*_{}\[\]()<>#+!|~$&])")


def markdown(report: ReportData, tables: Sequence[Table]) -> str:
    """The report of a run without images; every name is escaped."""
    notes = [*report.notes, *([f"{report.n_failed} excluded, see below."] if report.failures else [])]
    parts = [
        f"# {escape_markdown(report.name)}",
        escape_markdown(report.subtitle),
        escape_markdown(report.summary.text),
        escape_markdown(report.protocol),
        "\n".join(f"* {escape_markdown(note)}" for note in notes),
        *map(_section, tables),
        _drops(report),
        _facts("Excluded frames", report.failures),
        *(_facts(name, rows) for name, rows in report.provenance),
        f"<!-- {settings_line(report.settings)} -->",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def escape_markdown(text: str) -> str:
    """Text that Markdown prints unchanged, on one line."""
    return _SPECIAL.sub(r"\\\1", re.sub(r"\s+", " ", text))


def _section(table: Table) -> str:
    note = f"\n\n{escape_markdown(' '.join(table.notes))}" if table.notes else ""
    return f"## {escape_markdown(table.caption)}\n\n{_table(table)}{note}"


def _table(table: Table) -> str:
    over = [text for text, width in table.spans for _ in range(width)]
    columns = [
        f"{escape_markdown(over[index])}<br>{escape_markdown(column.label)}" if over else escape_markdown(column.label)
        for index, column in enumerate(table.columns)
    ]
    body = ([_label(row), *(_cell(cell, table) for cell in row.cells)] for row in table.rows)
    return _lines([escape_markdown(table.corner), *columns], ["---", *["---:"] * len(columns)], body)


def _label(row: Row) -> str:
    label = escape_markdown(row.label) + (f", {row.kind.suffix}" if row.kind.suffix else "")
    return f"*{label}*" if row.kind.italic else label


def _cell(cell: Cell, table: Table) -> str:
    value = f"**{cell.text}**" if cell.strong else cell.text
    value = f"{cell.marks}{value}"
    return f"{value} ({cell.interval})" if table.show_intervals and cell.interval else value


def _drops(report: ReportData) -> str:
    if not report.drops:
        return ""
    score = f"{report.frame_score} (%)"
    head = ["Image", "Corruption", "Severity", "Model", f"Clean {score}", score]
    rows = (
        [
            *map(escape_markdown, (drop.image_id, drop.corruption, str(drop.severity), drop.model)),
            drop.clean_score,
            drop.score,
        ]
        for drop in report.drops
    )
    table = _lines(head, ["---", "---", "---:", "---", "---:", "---:"], rows)
    return f"## Largest performance drops\n\nSeed {escape_markdown(report.seed)}.\n\n{table}"


def _facts(name: str, rows: Sequence[tuple[str, str]]) -> str:
    if not rows:
        return ""
    body = ([escape_markdown(label), escape_markdown(value)] for label, value in rows)
    return f"## {escape_markdown(name)}\n\n{_lines(['', ''], ['---', '---'], body)}"


def _lines(head: Sequence[str], ruler: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (head, ruler, *rows))
