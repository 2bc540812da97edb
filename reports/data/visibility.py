"""What models see and what they guess: scores of visible and of hidden pixels under corruptions that hide the scene."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pandas as pd

from robustbench_endo.metrics.base import Metric
from robustbench_endo.reports.data.sample import describe_sample
from robustbench_endo.reports.data.scores import model_columns, number_cell
from robustbench_endo.reports.data.tables import PLAIN, Cell, Row, RowKind, Table
from robustbench_endo.reports.formatting import joined, number, title
from robustbench_endo.results.estimates import PARTS
from robustbench_endo.tasks.segmentation.visibility import HIDDEN_SHARE

if TYPE_CHECKING:
    from robustbench_endo.results import Resampling, Results

VISIBILITY_NOTE = (
    "A pixel is hidden where the corruption covers the scene by half or more. Dice is over the foreground classes; "
    "hallucination is the share of hidden pixels labelled as a foreground class that is not there. A model with a high "
    "Dice of hidden pixels completes what it cannot see: such guesses may be right, but are no evidence of sight. "
    "Means over severities, those of hidden pixels over the severities that hide anything."
)

MAX_CORRUPTIONS = 6
"""Corruptions in the table: those that hide most."""

_ROWS = {"dice_visible": "Dice, visible", "dice_hidden": "Dice, hidden", "hallucination": "hallucination"}
_NEXT = RowKind("plain", rule="thin")
"""The first row of another corruption."""


def visibility_tables(results: Results, resampling: Resampling) -> list[Table]:
    """One table; none for a run without corruptions that hide the scene, or of records that lack the columns.

    Args:
        results: the run.
        resampling: of the intervals.
    """
    names = {metric.name for task in results.tasks for metric in task.visibility_metrics()}
    shares = _hidden_shares(results) if HIDDEN_SHARE in names else {}
    if not shares:
        return []
    frame = results.table(list(_ROWS), resampling)
    rows = [
        Row(
            PLAIN if index or not position else _NEXT,
            f"{title(name)}: {label}",
            _cells(frame, results.metric(metric), results.models, name),
            {"metric": metric, "category": results.corruption_categories[name], "corruption": name, "unit": "%"},
        )
        for position, name in enumerate(list(shares)[:MAX_CORRUPTIONS])
        for index, (metric, label) in enumerate(_ROWS.items())
    ]
    return [
        Table(
            "visibility",
            f"Scores of visible and of hidden pixels (%, {describe_sample(results)})",
            "Corruption and score",
            model_columns(results.models),
            tuple(rows),
            statement=str(frame.attrs.get("intervals", "")),
            remarks=(_hidden_text(shares), VISIBILITY_NOTE),
        )
    ]


def _hidden_shares(results: Results) -> dict[str, float]:
    """Corruption -> percentage of hidden pixels over its severities, the largest first; only those that hide any."""
    scores = results.scores()
    means = scores[scores["corruption"].isin(results.corruptions)].groupby("corruption", observed=True)[HIDDEN_SHARE]
    shares = means.mean().dropna().sort_values(ascending=False, kind="stable")
    return {str(name): float(share) for name, share in shares.items() if share > 0}


def _hidden_text(shares: dict[str, float]) -> str:
    parts = [f"{title(name).lower()} {number(share, '%')} %" for name, share in list(shares.items())[:MAX_CORRUPTIONS]]
    text = f"Hidden pixels, mean over severities: {joined(parts)}."
    omitted = len(shares) - MAX_CORRUPTIONS
    return text if omitted <= 0 else f"{text} {omitted} further corruptions that hide less are left out."


def _cells(frame: pd.DataFrame, metric: Metric, models: Sequence[str], corruption: str) -> tuple[Cell, ...]:
    record = frame.xs(corruption, level="corruption").iloc[0]
    cells = []
    for model in models:
        value, low, high = (float(record[metric.name, model, part]) for part in PARTS)
        cells.append(number_cell(value, low, high, metric.unit, show_interval=True))
    return tuple(cells)
