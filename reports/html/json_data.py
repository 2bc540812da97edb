"""Numbers and tables as JSON: what the script of a page reads, and what a check of the page recomputes."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from markupsafe import Markup

from robustbench_endo.metrics.aggregation import Floats
from robustbench_endo.metrics.base import Metric
from robustbench_endo.reports.data.tables import Cell, Table

Number = float | str | None


def script_text(data: Any) -> Markup:
    """JSON for ``<script type="application/json">``: any character that HTML interprets is escaped."""
    text = json.dumps(data, ensure_ascii=True, separators=(",", ":"), allow_nan=False)
    text = text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")
    return Markup(text)  # nosec B704  # escaped in the line above


def exact(value: float) -> Number:
    """A number in full precision; None for none, ``inf`` and ``-inf`` as text."""
    if math.isnan(value):
        return None
    return value if math.isfinite(value) else "inf" if value > 0 else "-inf"


def rounded(value: float) -> Number:
    """A number with nine digits, more than anything printed: ends of intervals, of which there are many."""
    return float(f"{value:.9g}") if math.isfinite(value) else exact(value)


def exact_list(values: Floats) -> list[Number]:
    """:func:`exact` of each value."""
    return [exact(value) for value in np.asarray(values, float).tolist()]


def rounded_list(values: Floats) -> list[Number]:
    """:func:`rounded` of each value."""
    return [rounded(value) for value in np.asarray(values, float).tolist()]


def table_data(table: Table) -> dict[str, Any]:
    """A table: labels, and ``[text, value, low, high, detail]`` of each cell, without what is empty at the end."""
    return {
        "caption": table.caption,
        "corner": table.corner or "Row",
        "columns": [column.label for column in table.columns],
        "rows": [f"{row.label} {row.kind.suffix}".rstrip() for row in table.rows],
        "cells": [[_cell(cell) for cell in row.cells] for row in table.rows],
    }


def _cell(cell: Cell) -> list[Any]:
    parts = [cell.text, exact(cell.value), rounded(cell.low), rounded(cell.high), cell.detail or None]
    while parts[-1] is None:
        parts.pop()
    return parts


def tables_of(part: Any) -> Iterator[Table]:
    """Every table in a dataclass, and in what it contains, in order."""
    if isinstance(part, Table):
        yield part
    elif isinstance(part, Mapping):
        yield from (table for value in part.values() for table in tables_of(value))
    elif isinstance(part, Sequence) and not isinstance(part, str | bytes):
        yield from (table for value in part for table in tables_of(value))
    elif dataclasses.is_dataclass(part) and not isinstance(part, Metric):
        fields = dataclasses.fields(part)
        yield from (table for field in fields for table in tables_of(getattr(part, field.name)))


def plain(part: Any) -> Any:
    """A dataclass as JSON; tables are left out, because they are stored by name, and so is what is no plain value."""
    if isinstance(part, bool | int | str) or part is None:
        return part
    if isinstance(part, float | np.floating):
        return exact(float(part))
    if isinstance(part, Metric):
        return part.name
    if isinstance(part, Mapping):
        return {str(key): plain(value) for key, value in part.items()}
    if isinstance(part, Sequence):
        return [plain(value) for value in part]
    if dataclasses.is_dataclass(part) and not isinstance(part, Table):
        return {field.name: plain(getattr(part, field.name)) for field in dataclasses.fields(part)}
    return None
