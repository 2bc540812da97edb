"""Some rows of a grid, and what has to be there before the first of them is trained."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from fnmatch import fnmatch

from robustbench_endo.errors import ModelError
from robustbench_endo.models import load_model
from robustbench_endo.paper.cell import Cell
from robustbench_endo.paper.errors import PaperError
from robustbench_endo.paper.grid import Grid


def chosen(grid: Grid, patterns: Sequence[str] = (), data: Collection[str] | None = None) -> Grid:
    """The rows whose networks match a pattern and whose data sets are given.

    Args:
        patterns: of ``backbone/architecture/method`` in small letters, or the beginning of it; none: all rows.
        data: names of the data sets that there are; None: all.

    Raises:
        PaperError: a pattern matches no row.
    """
    for pattern in patterns:
        if not any(_matches(row.cell, pattern) for row in grid.rows):
            known = ", ".join(dict.fromkeys(_name(row.cell).rpartition("/")[0] for row in grid.rows))
            raise PaperError(
                f"Expected --models among {known}, perhaps with a method such as /db_mtl, found {pattern!r}: no row of "
                f"{grid.name} matches it."
            )
    rows = [
        row
        for row in grid.rows
        if (not patterns or any(_matches(row.cell, pattern) for pattern in patterns))
        and (data is None or {row.cell.data, row.judged} <= set(data))
    ]
    return replace(grid, rows=tuple(rows))


def require_trunks(cells: Iterable[Cell]) -> None:
    """Looks that timm has the pretrained weights of every backbone, so that hours later none is missing.

    Raises:
        ModelError: one cannot be had.
    """
    for backbone in dict.fromkeys(cell.model.partition("/")[0] for cell in cells):
        try:
            with _without_retries_told():
                load_model(f"{backbone}/hps", 2, None, "pretrained")
        except ModelError as error:
            reason = str(error).partition(" Connect once")[0]
            raise ModelError(
                f"{reason} Connect once so that they are cached, or begin with random trunks, unlike the paper: "
                "--initial none."
            ) from error


@contextmanager
def _without_retries_told() -> Iterator[None]:
    """The hub's client logs a line a retry; what came of them is in the error."""
    log = logging.getLogger("huggingface_hub")
    before = log.level
    log.setLevel(logging.ERROR)
    try:
        yield
    finally:
        log.setLevel(before)


def _name(cell: Cell) -> str:
    backbone, architecture = cell.model.partition("@")[0].split("/")
    return f"{backbone}/{architecture}/{cell.weighting if cell.task == 'both' else cell.task}"


def _matches(cell: Cell, pattern: str) -> bool:
    asked = pattern.lower()
    return fnmatch(_name(cell), asked) or fnmatch(_name(cell), f"{asked.rstrip('/')}/*")
