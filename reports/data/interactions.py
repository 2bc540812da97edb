"""Interactions of corruptions: compounds under which a model is worse than under the worst of their parts."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from robustbench_endo.metrics.base import Metric
from robustbench_endo.reports.data.metrics import heading
from robustbench_endo.reports.data.rows import SEPARATOR
from robustbench_endo.reports.data.sample import describe_sample
from robustbench_endo.reports.data.scores import model_columns
from robustbench_endo.reports.data.tables import PLAIN, Cell, Row, Table
from robustbench_endo.reports.formatting import MISSING, number, title

if TYPE_CHECKING:
    from robustbench_endo.results import Results

MAX_ROWS = 12

INTERACTIONS_NOTE = (
    "Each cell: the number under the compound minus that under the worst of its parts, both as means over severities, "
    "with that part. Only compounds whose parts are all in the run and that are worse than each of them for some "
    "model, the largest difference first."
)


def interaction_tables(results: Results, metrics: list[str]) -> list[Table]:
    """One table for the leading metric; none where no compound of the run interacts.

    Args:
        results: the run.
        metrics: the headline metrics, the leading one last.
    """
    names = results.corruptions
    compounds = [name for name in names if SEPARATOR in name and all(part in names for part in name.split(SEPARATOR))]
    usable = [name for name in metrics if results.metric(name).higher_is_better is not None]
    if not compounds or not usable:
        return []
    metric = results.metric(usable[-1])
    means = results.scores().groupby(["corruption", "model"], observed=True)[metric.name].mean()
    scored = {(str(corruption), str(model)): float(value) for (corruption, model), value in means.items()}
    rows = []
    for name in compounds:
        cells = tuple(_cell(name, model, metric, scored) for model in results.models)
        loss = max(_loss(cell, metric) for cell in cells)
        if loss > 0:
            rows.append((loss, _row(name, cells, metric)))
    if not rows:
        return []
    largest = [row for _, row in sorted(rows, key=lambda each: -each[0])[:MAX_ROWS]]
    caption = f"{heading(metric)}: compounds that are worse than their worst part ({describe_sample(results)})"
    columns = model_columns(results.models)
    return [Table("interactions", caption, "Compound", columns, tuple(largest), remarks=(INTERACTIONS_NOTE,))]


def _row(name: str, cells: tuple[Cell, ...], metric: Metric) -> Row:
    keys = {"metric": metric.name, "corruption": name, "statistic": "interaction", "unit": metric.unit}
    return Row(PLAIN, title(name), cells, keys)


def _cell(name: str, model: str, metric: Metric, scored: dict[tuple[str, str], float]) -> Cell:
    parts = {part: scored.get((part, model), math.nan) for part in name.split(SEPARATOR)}
    value = scored.get((name, model), math.nan)
    if not np.isfinite([value, *parts.values()]).all():
        return Cell(MISSING)
    part = (min if metric.higher_is_better else max)(parts, key=parts.__getitem__)
    difference = value - parts[part]
    detail = f"{number(parts[part], metric.unit)} under {title(part).lower()}"
    return Cell(f"{difference:+.2f}", difference, detail=detail)


def _loss(cell: Cell, metric: Metric) -> float:
    if math.isnan(cell.value):
        return -math.inf
    return -cell.value if metric.higher_is_better else cell.value
