"""The run as Markdown, for issues and pull requests: summary, tables, worst frames, where the numbers come from."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from robustbench_endo.reports.data.estimates import DAGGER
from robustbench_endo.reports.text.text_tables import PrintedCell, PrintedRow, PrintedTable

if TYPE_CHECKING:
    from robustbench_endo.reports.data.report_data import ReportData

_SPECIAL = re.compile(r"([\\`*_{}\[\]()<>#+!|~$&])")


def markdown(c: ReportData, tables: Sequence[PrintedTable]) -> str:
    """The report of a run without its pictures; every name is text."""
    parts = [
        f"# {escaped(c.name)}",
        escaped(c.subtitle),
        escaped(c.summary.text),
        escaped(c.protocol),
        _list([*c.notes, *([f"{c.lost} left out, listed below."] if c.failures else [])]),
        *(_section(table) for table in tables),
        _worst(c),
        _facts("Frames left out", c.failures),
        *(_facts(name, rows) for name, rows in c.provenance),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def escaped(text: str) -> str:
    """Text that Markdown shows as it is, on one line."""
    return _SPECIAL.sub(r"\\\1", re.sub(r"\s+", " ", text))


def _section(table: PrintedTable) -> str:
    note = f"\n\n{escaped(table.note)}" if table.note else ""
    return f"## {escaped(table.caption)}\n\n{_table(table)}{note}"


def _table(table: PrintedTable) -> str:
    over = [text for text, width in table.spans for _ in range(width)]
    columns = [
        f"{escaped(over[place])}<br>{escaped(name)}" if over else escaped(name)
        for place, name in enumerate(table.columns)
    ]
    body = ([_label(row), *map(_cell, row.cells)] for row in table.rows)
    return _lines([escaped(table.head), *columns], ["---", *["---:"] * len(columns)], body)


def _label(row: PrintedRow) -> str:
    label = escaped(row.label)
    return {"category": f"*{label}, mean*", "mean": f"*{label}*"}.get(row.kind, label)


def _cell(cell: PrintedCell) -> str:
    value = f"**{cell.text}**" if cell.best else cell.text
    value = f"{DAGGER}{value}" if cell.seen else value
    return f"{value} ({cell.low} to {cell.high})" if cell.low else value


def _worst(c: ReportData) -> str:
    if not c.worst:
        return ""
    head = ["Image", "Corruption", "Severity", "Model", "Clean mIoU (%)", "mIoU (%)"]
    rows = (
        [*map(escaped, (one.image_id, one.corruption, str(one.severity), one.model)), one.clean_score, one.score]
        for one in c.worst
    )
    table = _lines(head, ["---", "---", "---:", "---", "---:", "---:"], rows)
    return f"## Where the run went most wrong\n\nSeed {escaped(c.seed)}.\n\n{table}"


def _facts(name: str, rows: Sequence[tuple[str, str]]) -> str:
    if not rows:
        return ""
    table = _lines(["", ""], ["---", "---"], ([escaped(label), escaped(value)] for label, value in rows))
    return f"## {escaped(name)}\n\n{table}"


def _list(items: Sequence[str]) -> str:
    return "\n".join(f"* {escaped(item)}" for item in items)


def _lines(head: Sequence[str], ruler: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (head, ruler, *rows))
