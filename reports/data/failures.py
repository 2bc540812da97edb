"""How often the models fail, and how often nobody is told."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from robustbench_endo.errors import RunError
from robustbench_endo.reports.data.metrics import metric
from robustbench_endo.reports.formatting import number, title
from robustbench_endo.results.failures import QUANTILE
from robustbench_endo.results.robustness import AGGREGATES
from robustbench_endo.results.schema import RECORDED

if TYPE_CHECKING:
    from robustbench_endo.results import Bootstrap, Results


DICE = 0.5
"""Below it a mask has failed."""


def aggregate_label(name: str, key: str) -> str:
    """An aggregate of a metric in words, with its unit where that is not the metric's own."""
    if key.startswith("mean_"):
        return f"Mean of {title(key.removeprefix('mean_')).lower()}"
    unit = AGGREGATES[key].unit
    return AGGREGATES[key].label if unit in (None, metric(name).unit) else f"{AGGREGATES[key].label} ({unit})"


def aggregate_unit(name: str, key: str) -> str:
    """The unit of an aggregate of a metric."""
    own = metric(name).unit
    return own if key.startswith("mean_") or AGGREGATES[key].unit is None else AGGREGATES[key].unit or ""


def failure_lines(failed: pd.DataFrame) -> list[tuple[str, pd.Series]]:
    """(label, shares by model) of each kind of failure, on clean frames and over all corruptions.

    Args:
        failed: as :meth:`Results.failures`.
    """
    keys = [key for key in (("clean", "clean"), ("mean", "all")) if key in failed.index]
    return [
        (f"{metric(name).label}, {'clean' if key[0] == 'clean' else 'corrupted'}", failed.loc[key, name])
        for name in failed.columns.unique("metric")
        for key in keys
    ]


def failure_caption(dice: float) -> str:
    """What stands above :func:`failure_lines`."""
    return f"Failures (% of frames; a mask fails below a Dice of {dice:g})"


_TASKS = {"segmentation": "Masks", "activity": "Activities"}


@dataclass(frozen=True)
class FailureCell:
    """Shares of frames in percent, as printed: silent failures with their interval, and all failures."""

    silent: str
    failed: str
    ends: str
    share: float | None


@dataclass(frozen=True)
class FailureRow:
    """A row of the table of scores; ``kind`` as there."""

    kind: str
    label: str
    cells: tuple[FailureCell, ...]


@dataclass(frozen=True)
class SilentFailures:
    """The failures of each task that is judged.

    Attributes:
        dice, quantile: the thresholds, see :meth:`Results.failures`.
        tasks: (printed task, rows with a cell a model).
        reason: why there is nothing; empty otherwise.
    """

    dice: float
    quantile: float
    tasks: tuple[tuple[str, tuple[FailureRow, ...]], ...]
    reason: str = ""


def silent_failures(results: Results, intervals: bool | Bootstrap, dice: float = DICE) -> SilentFailures:
    """The table of failures; without clean records of every model it says why there is none."""
    try:
        table = results.failures(dice, intervals)
    except RunError as error:
        return SilentFailures(dice, QUANTILE, (), str(error))
    tasks = tuple(
        (label, tuple(_row(table, key, task, results.models) for key in _order(results, table)))
        for task, label in _TASKS.items()
        if _judged(table, f"{task}_failed")
    )
    return SilentFailures(dice, QUANTILE, tasks, "" if tasks else "No frame has a mask or an activity to be judged by.")


def _judged(table: pd.DataFrame, name: str) -> bool:
    return bool(table[name].notna().any().any())


def _order(results: Results, table: pd.DataFrame) -> list[tuple[str, str]]:
    categories = results.corruption_categories
    order: list[tuple[str, str]] = [("clean", "clean")]
    for category in dict.fromkeys(categories.values()):
        order += [("mean", category), *((category, name) for name in categories if categories[name] == category)]
    order += [("mean", "all"), ("mean", RECORDED), *((RECORDED, name) for name in results.recorded_conditions)]
    return [key for key in order if key in table.index]


def _row(table: pd.DataFrame, key: tuple[str, str], task: str, models: list[str]) -> FailureRow:
    category, name = key
    kind = {"clean": "clean", "mean": "mean" if name == "all" else "category"}.get(category, "corruption")
    label = "Mean of all corruptions" if key == ("mean", "all") else title(name)
    label = "Recorded conditions" if key == ("mean", RECORDED) else label
    return FailureRow(kind, label, tuple(_cell(table.loc[key], task, model) for model in models))


def _cell(row: pd.Series, task: str, model: str) -> FailureCell:
    parts = row.index.nlevels > 2
    failed, silent = (
        float(row[f"{task}_{what}", model, "value"] if parts else row[f"{task}_{what}", model])
        for what in ("failed", "silent")
    )
    low, high = (float(row[f"{task}_silent", model, end]) if parts else math.nan for end in ("low", "high"))
    ends = f"{number(low)} to {number(high)}" if math.isfinite(low + high) else ""
    return FailureCell(number(silent), number(failed), ends, silent if math.isfinite(silent) else None)
