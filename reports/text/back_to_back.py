"""Two models back to back in a terminal."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from robustbench_endo.reports.formatting import MISSING, title
from robustbench_endo.results.back_to_back import ALL, DIFFERING, FAILING, BackToBack

if TYPE_CHECKING:
    import pandas as pd


def print_back_to_back(result: BackToBack, label: str, console: Console, latency: Mapping[str, Any] | None) -> None:
    """Print the rows over all corruptions, then each category at the strongest severity, then the verdict.

    Args:
        result: of :func:`~robustbench_endo.results.back_to_back.back_to_back`.
        label: of the metric.
        console: to print on.
        latency: model -> its latency as JSON; None where it was not measured.
    """
    console.print(Text(f"{label} ({result.unit}): second = {result.second}, first = {result.first}", style="bold"))
    rows = result.table[result.table["scope"] == ALL]
    names = [_level(level) for level in rows["severity"]]
    for part in (_differences, _changes, _failures):
        console.print(part(rows, "severity", names))
    others = result.table[result.table["scope"] != ALL]
    if not others.empty:
        strongest = others[others["severity"] == others["severity"].max()]
        head, names = f"at severity {others['severity'].max():g}", [title(name) for name in strongest["scope"]]
        for part in (_differences, _changes, _failures):
            console.print(part(strongest, head, names))
    if latency is not None:
        console.print(_latency(latency))
    console.print(Text(result.verdict, style="bold"))
    console.print(
        "Differences are second - first, means over subjects; widening is the difference less the clean one; the other "
        "columns are percent of pixels and of frames, with intervals from leaving out one subject at a time. "
        + result.statement,
        markup=False,
        highlight=False,
    )
    for warning in result.warnings:
        console.print(Text(warning, style="bold yellow"))


def _differences(rows: pd.DataFrame, head: str, names: list[str]) -> Table:
    table = _table(head, ("first", "second", "difference", "verdict"))
    for name, row in zip(names, rows.to_dict("records"), strict=True):
        table.add_row(
            name,
            _number(row["first"]),
            _number(row["second"]),
            _interval(row["difference"], row["low"], row["high"]),
            row["verdict"],
        )
    return table


def _changes(rows: pd.DataFrame, head: str, names: list[str]) -> Table:
    """The widening, and where predictions differ."""
    table = _table(head, ("widening", "pixels differ", "frames differ"))
    for name, row in zip(names, rows.to_dict("records"), strict=True):
        widening = _interval(row["widening"], row["widening_low"], row["widening_high"])
        table.add_row(name, widening, *(_share(row, column) for column in DIFFERING))
    return table


def _failures(rows: pd.DataFrame, head: str, names: list[str]) -> Table:
    table = _table(head, ("only first fails", "only second fails"))
    for name, row in zip(names, rows.to_dict("records"), strict=True):
        table.add_row(name, *(_share(row, column) for column in FAILING))
    return table


def _share(row: Mapping[str, Any], column: str) -> str:
    """Percent, with its interval."""
    value, low, high = (row[f"{column}{part}"] for part in ("", "_low", "_high"))
    return _number(value) + ("" if math.isnan(value) or math.isnan(low) else f" [{low:.2f}, {high:.2f}]")


def _latency(latency: Mapping[str, Any]) -> Table:
    first = next(iter(latency.values()))
    height, width = first["size"]
    table = _table("latency, ms", ("p50", "p99", "mean"))
    table.caption = (
        f"one frame of {height} x {width} px on {first['device']}, {first['threads']} thread(s), {first['repeats']} "
        f"passes after {first['warm_up']}"
    )
    for name, each in latency.items():
        table.add_row(name, *(_number(each[key]) for key in ("p50_ms", "p99_ms", "mean_ms")))
    return table


def _table(head: str, columns: tuple[str, ...]) -> Table:
    table = Table(box=None, padding=(0, 1), header_style="bold")
    table.add_column(head)
    for column in columns:
        words = column not in ("first", "second")
        table.add_column(column, justify="left" if column == "verdict" else "right", no_wrap=words, min_width=6)
    return table


def _level(severity: float) -> str:
    return "clean" if severity == 0 else f"{severity:g}"


def _number(value: float) -> str:
    return MISSING if math.isnan(value) else f"{value:.2f}"


def _interval(value: float, low: float, high: float) -> str:
    if math.isnan(value):
        return MISSING
    return f"{value:+.2f}" if math.isnan(low) else f"{value:+.2f} [{low:+.2f}, {high:+.2f}]"
