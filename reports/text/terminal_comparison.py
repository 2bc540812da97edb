"""The comparison of models in a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
from rich.console import Console
from rich.table import Table
from rich.text import Text

from robustbench_endo.reports.data.comparison import SIGNIFICANT
from robustbench_endo.reports.data.metrics import heading, metric
from robustbench_endo.reports.formatting import ABSENT, number, p_text, signed, title

if TYPE_CHECKING:
    from robustbench_endo.results import Comparison


def print_comparison(comparison: Comparison, console: Console) -> None:
    """Print for each metric the ranks of the models, then each model against the one that they are compared with.

    A difference is bold where its corrected p-value (the plain one for clean and for means) is below 0.05; what was
    resampled stands below.
    """
    for name, ranks in comparison.ranks.groupby("metric", sort=False):
        console.print(_ranks(str(name), ranks))
        chosen = comparison.differences[comparison.differences["metric"] == name]
        for model, rows in chosen.groupby("model", sort=False):
            console.print(_differences(str(name), str(model), comparison.against, rows))
    console.print(comparison.unit, markup=False, highlight=False)
    console.print(
        "p: two-sided, paired bootstrap; for single corruptions corrected for their number (Holm). Ranks: mean over "
        "corruptions, 1 is best; first: share of resamples in which no model has a better mean.",
        highlight=False,
    )
    for warning in comparison.warnings:
        console.print(Text(warning, style="bold yellow"))


def _ranks(name: str, rows: pd.DataFrame) -> Table:
    drawn = _table(f"{heading(metric(name))}: ranks", ("Model", "mean rank", "interval", "first"))
    for row in rows.itertuples():
        ends = f"{number(row.low)} to {number(row.high)}"
        share = ABSENT if pd.isna(row.first) else f"{100 * row.first:.0f} %"
        drawn.add_row(Text(str(row.model)), number(row.rank), ends, share)
    return drawn


def _differences(name: str, model: str, against: str, rows: pd.DataFrame) -> Table:
    unit = metric(name).unit
    drawn = _table(
        f"{heading(metric(name))}: {model} less {against}",
        ("Corruption", "model", "against", "difference", "interval", "p"),
    )
    places = list(rows.itertuples())
    for place, row in enumerate(places):
        following = places[place + 1] if place + 1 < len(places) else row
        bold = "bold" if _p(row) < SIGNIFICANT else ""
        drawn.add_row(
            Text(_label(row)),
            number(row.value, unit),
            number(row.against, unit),
            Text(signed(row.difference, unit), style=bold),
            Text(f"{signed(row.low, unit)} to {signed(row.high, unit)}", style=bold),
            p_text(_p(row)),
            end_section=row.category == "clean" or (row.category != "mean" and following.category == "mean"),
        )
    return drawn


def _p(row: Any) -> float:
    """Corrected for a corruption, plain for clean and means."""
    return float(row.p if row.category in ("clean", "mean") else row.p_holm)


def _label(row: Any) -> str:
    if row.category == "mean":
        return "Mean of all" if row.corruption == "all" else f"{title(row.corruption)} (mean)"
    return title(str(row.corruption))


def _table(name: str, columns: tuple[str, ...]) -> Table:
    drawn = Table(title=Text(name, style="bold"), title_justify="left", pad_edge=False, show_edge=False)
    for place, column in enumerate(columns):
        drawn.add_column(column, justify="right" if place else "left", no_wrap=bool(place))
    return drawn
