"""Tables that fit a page: by metric, by model, upright or across."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..content.metrics import heading
from ..content.table import HeatTable
from ..labels import number

UPRIGHT, ACROSS = 8, 14
"""Columns of numbers that fit an upright page and one laid across."""

WITH_MARGINS = 6, 10
"""The same for numbers with margins."""


def tables(table: HeatTable, models: Sequence[str], metrics: Sequence[str]) -> list[dict[str, Any]]:
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


def overview(table: HeatTable) -> list[dict[str, Any]]:
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


def _table(table: HeatTable, models: Sequence[str]) -> dict[str, Any]:
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
