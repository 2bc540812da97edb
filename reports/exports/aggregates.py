"""The run in few numbers, and its failures, as written tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from robustbench_endo.errors import RunError
from robustbench_endo.results.robustness import AGGREGATES

from ..labels import number, title
from ..metrics import heading, metric

if TYPE_CHECKING:
    from robustbench_endo.results import Bootstrap, Results

DICE = 0.5
"""A mask fails below it."""


@dataclass(frozen=True)
class AggregateTable:
    """Rows of (label, one (value, low, high) a model), all as printed; the ends are empty without intervals."""

    name: str
    caption: str
    rows: tuple[tuple[str, tuple[tuple[str, str, str], ...]], ...]
    note: str = ""


def aggregate_tables(
    results: Results, metrics: Sequence[str], intervals: bool | Bootstrap = False
) -> list[AggregateTable]:
    """Each metric in few numbers, then failures and silent failures; empty for a run without scores."""
    if not metrics:
        return []
    return [*_few_numbers(results, metrics, intervals), *_failures(results, intervals)]


def _few_numbers(results: Results, metrics: Sequence[str], intervals: bool | Bootstrap) -> Iterator[AggregateTable]:
    summary = results.robustness(metrics, None, intervals)
    for name in metrics:
        rows = tuple(
            (_label(name, key), _cells(values, results.models, _unit(name, key), bool(intervals)))
            for (of, key), values in summary.iterrows()
            if of == name
        )
        yield AggregateTable(f"robustness-{name}", f"{heading(metric(name))} in few numbers", rows, _note(summary))


def _failures(results: Results, intervals: bool | Bootstrap) -> Iterator[AggregateTable]:
    try:
        failed = results.failures(DICE, intervals)
    except RunError:
        # A model without clean frames has no yardstick of confidence: there is nothing to print.
        return
    if not np.isfinite(failed.to_numpy(float)).any():
        return
    keys = [key for key in (("clean", "clean"), ("mean", "all")) if key in failed.index]
    rows = tuple(
        (
            f"{metric(name).label}, {'clean' if key[0] == 'clean' else 'corrupted'}",
            _cells(failed.loc[key, name], results.models, "%", bool(intervals)),
        )
        for name in failed.columns.unique("metric")
        for key in keys
    )
    yield AggregateTable(
        "failures", f"Failures (% of frames; a mask fails below a Dice of {DICE:g})", rows, _note(failed)
    )


def _cells(values: pd.Series, models: Sequence[str], unit: str, intervals: bool) -> tuple[tuple[str, str, str], ...]:
    def cell(model: str) -> tuple[str, str, str]:
        if not intervals:
            return number(float(values[model]), unit), "", ""
        value, low, high = (float(values[model, part]) for part in ("value", "low", "high"))
        ends = (number(low, unit), number(high, unit)) if np.isfinite(low + high) else ("", "")
        return number(value, unit), *ends

    return tuple(cell(model) for model in models)


def _label(name: str, key: str) -> str:
    if key.startswith("mean_"):
        return f"Mean of {title(key.removeprefix('mean_')).lower()}"
    unit = AGGREGATES[key].unit
    return AGGREGATES[key].label if unit in (None, metric(name).unit) else f"{AGGREGATES[key].label} ({unit})"


def _unit(name: str, key: str) -> str:
    own = metric(name).unit
    return own if key.startswith("mean_") or AGGREGATES[key].unit is None else AGGREGATES[key].unit or ""


def _note(table: pd.DataFrame) -> str:
    return f"{table.attrs.get('intervals', '')} {table.attrs.get('warning', '')}".strip()
