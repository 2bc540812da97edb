"""The run in few numbers, and its failures, as written tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from robustbench_endo.errors import RunError

from ..content.few_numbers import DICE, aggregate_label, aggregate_unit, failure_caption, failure_lines
from ..content.metrics import heading, metric
from ..labels import number

if TYPE_CHECKING:
    from robustbench_endo.results import Bootstrap, Results


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
            (aggregate_label(name, key), _cells(values, results.models, aggregate_unit(name, key), bool(intervals)))
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
    rows = tuple(
        (label, _cells(values, results.models, "%", bool(intervals))) for label, values in failure_lines(failed)
    )
    yield AggregateTable("failures", failure_caption(DICE), rows, _note(failed))


def _cells(values: pd.Series, models: Sequence[str], unit: str, intervals: bool) -> tuple[tuple[str, str, str], ...]:
    def cell(model: str) -> tuple[str, str, str]:
        if not intervals:
            return number(float(values[model]), unit), "", ""
        value, low, high = (float(values[model, part]) for part in ("value", "low", "high"))
        ends = (number(low, unit), number(high, unit)) if np.isfinite(low + high) else ("", "")
        return number(value, unit), *ends

    return tuple(cell(model) for model in models)


def _note(table: pd.DataFrame) -> str:
    return f"{table.attrs.get('intervals', '')} {table.attrs.get('warning', '')}".strip()
