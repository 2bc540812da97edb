"""What of a report is a table by model, beside its scores."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..content.metrics import heading
from ..content.rivals import RivalRow
from ..content.silence import FailureRow
from ..content.whole import Content
from .matrix import Entry, Line, Matrix, pieces, plain
from .tables import overview

PAIRS, LEVELS, SHARES, DIFFERENCES = 4, 6, 8, 4
"""Models beside each other, by what stands in a cell."""


def matrices(c: Content) -> dict[str, Any]:
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
            for task, rows in c.silence.tasks
        ],
        "rivals": _rivals(c),
    }


def _sequences(c: Content) -> dict[str, Any] | None:
    if c.sequences is None:
        return None
    lines = plain((f"{name} ({frames})", values) for name, frames, values in c.sequences.rows)
    found = pieces(Matrix("Patient or sequence (frames)", range(len(c.models)), lines), PAIRS)
    return {"heading": heading(c.sequences.metric), "left_out": c.sequences.left_out, "pieces": found}


def _safety(c: Content) -> dict[str, Any] | None:
    if c.safety is None:
        return None
    lines = [Line(name, tuple(_reached(r.severity, r.dose) for r in reached)) for name, reached in c.safety.rows]
    unit = c.safety.metric.unit
    return {
        "threshold": f"{c.safety.threshold:g} {unit}".strip(),
        "label": c.safety.metric.label,
        "statement": c.measured.statement if c.measured else "",
        "pieces": pieces(Matrix("Corruption", range(len(c.models)), lines), LEVELS),
    }


def _reached(severity: int | None, dose: str) -> Entry:
    if severity is None:
        return Entry("not even clean", level=0)
    words = f"to {severity}" if severity else "clean only"
    return Entry(words, f"dose {dose}" if severity else "", level=severity)


def _endurance(c: Content) -> dict[str, Any] | None:
    if c.endurance is None:
        return None
    lines = [Line(name, tuple(map(_held, held))) for name, held in c.endurance.rows]
    below = [f"clean {score}" for score in c.endurance.clean]
    return {
        "share": round(100 * c.endurance.share),
        "label": c.endurance.metric.label,
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


def _rivals(c: Content) -> dict[str, Any] | None:
    if c.rivals is None:
        return None
    places = [c.models.index(model) for model in c.rivals.models]
    blocks = [
        {
            "heading": heading(block.metric),
            "ranks": block.ranks,
            "pieces": pieces(Matrix("Corruption", places, list(map(_differences, block.rows))), DIFFERENCES),
        }
        for block in c.rivals.blocks
    ]
    return {
        "against": c.rivals.against,
        "statement": c.rivals.statement,
        "warnings": c.rivals.warnings,
        "blocks": blocks,
    }


def _differences(row: RivalRow) -> Line:
    entries = (
        Entry(cell.text, f"{cell.ends}, p {_p(cell.p)}" if cell.ends else "", bool(cell.verdict)) for cell in row.cells
    )
    return Line(row.label, tuple(entries), row.kind)


def _p(text: str) -> str:
    return text if text.startswith("<") else f"= {text}"
