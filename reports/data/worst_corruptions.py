"""The corruptions with the worst scores, over all models of a run."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from robustbench_endo.metrics.base import Metric
from robustbench_endo.reports.data.estimates import ReportEstimates
from robustbench_endo.reports.data.floors import MetricFloor
from robustbench_endo.reports.data.metrics import heading
from robustbench_endo.reports.data.scores import number_cell
from robustbench_endo.reports.data.tables import CORRUPTION_ROW, Cell, Column, Row, Table
from robustbench_endo.reports.formatting import counted, number, signed
from robustbench_endo.results.schema import CLEAN

if TYPE_CHECKING:
    from robustbench_endo.results import Results

N_WORST = 3


def worst_corruptions(
    results: Results, scores: Table, estimates: ReportEstimates, floor: MetricFloor | None
) -> Table | None:
    """The corruptions with the worst mean over the models; None without corruptions or a direction of the metric.

    Args:
        results: the run.
        scores: its scores by one metric.
        estimates: with the intervals of the means over the models.
        floor: of the metric; None without one.
    """
    metric, rows = scores.metrics[0], by_corruption(scores)
    estimate = estimates.over_models[metric.name]
    defined = [index for index, value in enumerate(estimate.value) if math.isfinite(value)]
    if metric.higher_is_better is None or not defined or not rows:
        return None
    sign = 1 if metric.higher_is_better else -1
    worst = sorted(defined, key=lambda index: sign * float(estimate.value[index]))[:N_WORST]
    clean = [cell.value for row in scores.rows if row.keys["category"] == CLEAN for cell in row.cells]
    clean_mean = float(np.mean(clean)) if clean else math.nan
    by_name = {row.keys["corruption"]: row for row in rows}
    built = []
    for index in worst:
        name = results.corruptions[index]
        value, low, high = (float(part[index]) for part in (estimate.value, estimate.low, estimate.high))
        mean = number_cell(value, low, high, metric.unit)
        cells = [mean, Cell(signed(value - clean_mean, metric.unit), value - clean_mean)]
        cells += _extremes(by_name[name], scores, metric) if len(scores.models) > 1 else []
        if floor is not None:
            lowest = floor.rows[results.corruption_categories[name], name]
            cells.append(Cell(number(lowest, metric.unit), lowest))
        built.append(Row(CORRUPTION_ROW, by_name[name].label, tuple(cells), by_name[name].keys))
    noun = counted(len(scores.models), "model")
    caption = f"Worst corruptions by {heading(metric)}" + (f", mean of {noun}" if len(scores.models) > 1 else "")
    return Table("first-worst", caption, "Corruption", _columns(scores, floor), tuple(built), show_intervals=True)


def by_corruption(scores: Table) -> list[Row]:
    """The rows of single corruptions."""
    return [row for row in scores.rows if row.kind == CORRUPTION_ROW]


def _columns(scores: Table, floor: MetricFloor | None) -> tuple[Column, ...]:
    several = len(scores.models) > 1
    labels = {"mean": "Mean of the models" if several else scores.models[0], "change": "Change from clean"}
    labels |= {"lowest": "Lowest model", "highest": "Highest model"} if several else {}
    labels |= {} if floor is None else {"floor": f"Floor ({floor.name})"}
    keys = {part: {"part": part, "model": "all"} for part in ("mean", "change")}
    return tuple(Column(label, keys=keys.get(part, {"part": part})) for part, label in labels.items())


def _extremes(row: Row, scores: Table, metric: Metric) -> list[Cell]:
    """The lowest and the highest model under a corruption."""
    finite = [index for index, cell in enumerate(row.cells) if math.isfinite(cell.value)]
    ordered = sorted(finite, key=lambda index: row.cells[index].value)
    return [
        Cell(
            number(row.cells[i].value, metric.unit),
            row.cells[i].value,
            detail=scores.models[i],
            keys={"model": scores.models[i], "severity": "all"},
        )
        for i in (ordered[0], ordered[-1])
    ]
