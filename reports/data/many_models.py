"""Runs of so many models that a page with all of their numbers would be too large to open."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from robustbench_endo.metrics.base import Metric
from robustbench_endo.reports.data.metrics import headline_present, leading_metric, metrics_present
from robustbench_endo.reports.formatting import counted, number

if TYPE_CHECKING:
    import pandas as pd

    from robustbench_endo.results import Results

BUDGET = 5_000_000
"""Bytes of a page without its images."""

BYTES_PER_NUMBER, BYTES_PER_MODEL, BYTES_PER_PAIR = 85, 110_000, 450
"""Bytes of a number with its interval in the data of a page; of the tables and facts of a model; of a comparison."""

MIN_DETAILED = 4


@dataclass(frozen=True)
class AllModels:
    """Clean score and mean over all corruptions of every model, for a report that details only some of them.

    Attributes:
        metric: that the models are sorted by, the best first.
        rows: name, clean score, mean, and whether the report details the model.
    """

    metric: Metric
    rows: tuple[tuple[str, str, str, bool], ...]


def select_models(results: Results) -> tuple[Results, AllModels | None, list[str]]:
    """The results of the models that a report shows in detail.

    Returns:
        Them, all models by their mean, and a note on what is left out; the same results, None and no note where the
        report can detail every model within its limit.
    """
    count, metric = _count(results), leading_metric(results)
    if metric is None or count >= len(results.models):
        return results, None, []
    table = results.table((metric.name,), intervals=False)[metric.name]
    scores = {model: (_at(table[model], "clean"), _at(table[model], "mean")) for model in results.models}
    ordered = sorted(results.models, key=lambda model: _order(scores[model][1], metric))
    first = results.models[0]  # others are compared with it
    detailed = {first, *[model for model in ordered if model != first][: count - 1]}
    rows = tuple(
        (model, number(scores[model][0], metric.unit), number(scores[model][1], metric.unit), model in detailed)
        for model in ordered
    )
    note = (
        f"To limit the size of this report, it details {count} of {counted(len(results.models), 'model')}: the first "
        f"of the run and those with the best mean {metric.label} over all corruptions. Comparisons and their corrected "
        "p-values are among these only. A list below the table of scores has every model, and tables/*.csv "
        "(--format csv) have every number."
    )
    return only_models(results, detailed), AllModels(metric, rows), [note]


def only_models(results: Results, models: set[str]) -> Results:
    """The results of some models, in the order of the run."""
    entries = [entry for entry in results.info["models"] if entry["name"] in models]
    frame = results.frame[results.frame["model"].isin(models)].reset_index(drop=True)
    return replace(results, frame=frame, info={**results.info, "models": entries})


def _count(results: Results) -> int:
    """How many models fit the budget."""
    conditions = 1 + len(results.corruptions) * len(results.severities)
    each = len(metrics_present(results)) * conditions * BYTES_PER_NUMBER + BYTES_PER_MODEL
    pair = len(headline_present(results)) * BYTES_PER_PAIR / 2
    # pair * n ** 2 + each * n = BUDGET
    root = (math.sqrt(each**2 + 4 * pair * BUDGET) - each) / (2 * pair) if pair else BUDGET / each
    return max(MIN_DETAILED, int(root))


def _order(value: float, metric: Metric) -> float:
    if not math.isfinite(value):
        return math.inf
    return -value if metric.higher_is_better is not False else value


def _at(column: pd.Series, row: str) -> float:
    """A score of ``clean`` or ``mean``; NaN where the table has no such row."""
    key = (row, "clean" if row == "clean" else "all")
    return float(column[key]) if key in column.index else math.nan
