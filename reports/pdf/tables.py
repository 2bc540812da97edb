"""What of a report is a table by model, beside its scores."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from robustbench_endo.reports.data.comparison import ComparisonRow
from robustbench_endo.reports.data.failures import FailureRow
from robustbench_endo.reports.data.metrics import heading
from robustbench_endo.reports.data.report_data import ReportData
from robustbench_endo.reports.data.table import ScoreTable
from robustbench_endo.reports.formatting import number


@dataclass(frozen=True)
class Entry:
    """A cell as printed.

    Attributes:
        text: its number or words.
        sub: what stands small below it; empty for nothing.
        strong: printed bold.
        heat: 0 to 1, how deep its ground.
        level: a severity that is drawn as filled circles; None for none.
    """

    text: str
    sub: str = ""
    strong: bool = False
    heat: float = 0.0
    level: int | None = None


@dataclass(frozen=True)
class Line:
    """A row; ``kind`` as in the table of scores, ``plain`` for one that is like all others."""

    label: str
    entries: tuple[Entry, ...]
    kind: str = "plain"


@dataclass(frozen=True)
class Matrix:
    """Rows of as many entries as there are models.

    Attributes:
        head: of the labels' column.
        models: their places in the run.
        below: a word below each model's name, as many as models; empty for none.
    """

    head: str
    models: Sequence[int]
    lines: Sequence[Line]
    below: Sequence[str] = field(default_factory=tuple)


def pieces(matrix: Matrix, widest: int) -> list[dict[str, Any]]:
    """The matrix for the template, in pieces of at most ``widest`` models, even in width."""
    number = len(matrix.models)
    share = -(-number // -(-number // widest)) if number else 1
    return [_piece(matrix, slice(first, first + share)) for first in range(0, number, share)]


def plain(rows: Iterable[tuple[str, Sequence[tuple[str, str]]]]) -> list[Line]:
    """Lines of (clean, corrupted) pairs: ``76.1 → 56.1``."""
    return [Line(label, tuple(Entry(" → ".join(pair)) for pair in values)) for label, values in rows]


def _piece(matrix: Matrix, some: slice) -> dict[str, Any]:
    return {
        "head": matrix.head,
        "models": list(matrix.models[some]),
        "below": list(matrix.below[some]),
        "lines": [
            {"label": line.label, "kind": line.kind, "entries": [vars(entry) for entry in line.entries[some]]}
            for line in matrix.lines
        ],
    }


UPRIGHT, ACROSS = 8, 14
"""Columns of numbers that fit an upright page and one laid across."""

WITH_MARGINS = 6, 10
"""The same for numbers with margins."""


def tables(table: ScoreTable, models: Sequence[str], metrics: Sequence[str]) -> list[dict[str, Any]]:
    """The heat table of these metrics, cut into tables none of which is wider than a page.

    Several metrics share a table while all models fit beside each other; otherwise each metric has its own, and many
    models are split evenly.
    """
    upright, across = WITH_MARGINS if table.intervals else (UPRIGHT, ACROSS)
    together = max(1, upright // len(models))
    room = upright if len(models) <= upright else across
    pieces = -(-len(models) // room)
    share = -(-len(models) // pieces)
    return [
        _table(table.part(metrics[start : start + together], models[first : first + share]), models)
        for start in range(0, len(metrics), together)
        for first in range(0, len(models), share)
    ]


def overview(table: ScoreTable) -> list[dict[str, Any]]:
    """A row a metric; for each model its number on clean frames and under the mean of all corruptions."""
    clean, mean = (next(row for row in table.rows if row.kind == kind).cells for kind in ("clean", "mean"))
    pairs = list(zip(table.columns, clean, mean, strict=True))
    return [
        {
            "metric": heading(metric),
            "values": [(before.text, after.text) for column, before, after in pairs if column.metric is metric],
        }
        for metric in table.metrics
    ]


def _table(table: ScoreTable, models: Sequence[str]) -> dict[str, Any]:
    width = len(table.columns)
    return {
        "metrics": [
            {"heading": heading(m), "arrow": {True: "↑", False: "↓", None: ""}[m.higher_is_better]}
            for m in table.metrics
        ],
        "models": [models.index(column.model) for column in table.columns[: width // len(table.metrics)]],
        "across": width > (WITH_MARGINS[0] if table.intervals else UPRIGHT),
        "rows": [
            {
                "kind": row.kind,
                "label": row.label,
                "cells": [
                    {
                        "text": cell.text,
                        "heat": cell.heat or 0,
                        "best": cell.best,
                        "margin": cell.margin,
                        "published": cell.published,
                        "seen": cell.seen,
                    }
                    for cell in row.cells
                ],
            }
            for row in table.rows
        ],
        "seen": table.seen,
        "source": table.source,
        "absent": any(cell.text == number(None) for row in table.rows for cell in row.cells),
    }


PAIRS, LEVELS, SHARES, DIFFERENCES = 4, 6, 8, 4
"""Models beside each other, by what stands in a cell."""


def matrices(c: ReportData) -> dict[str, Any]:
    """Every table by model, in pieces; an absent part has none."""
    everyone = range(len(c.models))
    rows = [(row["metric"], row["values"]) for row in overview(c.table)]
    return {
        "overview": pieces(Matrix("Metric", everyone, plain(rows)), PAIRS),
        "classes": pieces(Matrix("Class", everyone, plain((r.name, r.values) for r in c.class_rows)), PAIRS)
        if c.class_rows
        else [],
        "sequences": _sequences(c),
        "safety": _safety(c),
        "endurance": _endurance(c),
        "silence": [
            {"task": task, "pieces": pieces(Matrix("Corruption", everyone, _silence(rows)), SHARES)}
            for task, rows in c.silent_failures.tasks
        ],
        "comparison": _comparison(c),
    }


def _sequences(c: ReportData) -> dict[str, Any] | None:
    if c.sequences is None:
        return None
    lines = plain((f"{name} ({frames})", values) for name, frames, values in c.sequences.rows)
    found = pieces(Matrix("Patient or sequence (frames)", range(len(c.models)), lines), PAIRS)
    return {"heading": heading(c.sequences.metric), "left_out": c.sequences.left_out, "pieces": found}


def _safety(c: ReportData) -> dict[str, Any] | None:
    if c.operating_envelope is None:
        return None
    lines = [
        Line(name, tuple(_reached(r.severity, r.distortion) for r in reached))
        for name, reached in c.operating_envelope.rows
    ]
    unit = c.operating_envelope.metric.unit
    return {
        "threshold": f"{c.operating_envelope.threshold:g} {unit}".strip(),
        "label": c.operating_envelope.metric.label,
        "statement": c.measured.statement if c.measured else "",
        "pieces": pieces(Matrix("Corruption", range(len(c.models)), lines), LEVELS),
    }


def _reached(severity: int | None, distortion: str) -> Entry:
    if severity is None:
        return Entry("not even clean", level=0)
    words = f"to {severity}" if severity else "clean only"
    return Entry(words, f"dose {distortion}" if severity else "", level=severity)


def _endurance(c: ReportData) -> dict[str, Any] | None:
    if c.relative_robustness is None:
        return None
    lines = [Line(name, tuple(map(_held, held))) for name, held in c.relative_robustness.rows]
    below = [f"clean {score}" for score in c.relative_robustness.clean]
    return {
        "share": round(100 * c.relative_robustness.share),
        "label": c.relative_robustness.metric.label,
        "pieces": pieces(Matrix("Corruption", range(len(c.models)), lines, below), LEVELS),
    }


def _held(severity: int | None) -> Entry:
    if severity is None:
        return Entry("–")
    return Entry(f"to {severity}" if severity else "none", level=severity)


def _silence(rows: Sequence[FailureRow]) -> list[Line]:
    return [
        Line(
            row.label,
            tuple(Entry(f"{cell.silent} / {cell.failed}", heat=(cell.share or 0.0) / 100) for cell in row.cells),
            row.kind,
        )
        for row in rows
    ]


def _comparison(c: ReportData) -> dict[str, Any] | None:
    if c.pairwise_comparison is None:
        return None
    places = [c.models.index(model) for model in c.pairwise_comparison.models]
    blocks = [
        {
            "heading": heading(block.metric),
            "ranks": block.ranks,
            "pieces": pieces(Matrix("Corruption", places, list(map(_differences, block.rows))), DIFFERENCES),
        }
        for block in c.pairwise_comparison.blocks
    ]
    return {
        "against": c.pairwise_comparison.against,
        "statement": c.pairwise_comparison.statement,
        "warnings": c.pairwise_comparison.warnings,
        "blocks": blocks,
    }


def _differences(row: ComparisonRow) -> Line:
    entries = (
        Entry(cell.text, f"{cell.ends}, p {_p(cell.p)}" if cell.ends else "", bool(cell.verdict)) for cell in row.cells
    )
    return Line(row.label, tuple(entries), row.kind)


def _p(text: str) -> str:
    return text if text.startswith("<") else f"= {text}"
