"""Tables with a column a model, cut so that none is wider than a page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any


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
