"""How much the scores vary between the draws of the corruptions, next to how much they vary between subjects."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pandas as pd
from scipy.special import stdtrit

from robustbench_endo.metrics.base import Metric
from robustbench_endo.reports.data.metrics import heading
from robustbench_endo.reports.data.rows import table_rows
from robustbench_endo.reports.data.sample import describe_sample
from robustbench_endo.reports.data.scores import model_columns
from robustbench_endo.reports.data.tables import MEAN_ROW, PLAIN, Cell, Row, Table
from robustbench_endo.reports.formatting import number
from robustbench_endo.results.draws import draw_variation, number_of_draws

if TYPE_CHECKING:
    from robustbench_endo.results import Resampling, Results

DRAWS_NOTE = (
    "Each cell: standard deviation between draws / standard error of their mean / standard error by subject, half the "
    "interval divided by Student's t. Where the first is close to the last, one draw says little; where the second is "
    "far below the last, more draws would not make the interval shorter. Intervals by subject include both."
)


def draw_tables(results: Results, metrics: Sequence[str], resampling: Resampling) -> list[Table]:
    """One table per metric: rows are the corruptions that use random numbers, and the mean of all corruptions.

    Args:
        results: the run.
        metrics: their names.
        resampling: of the intervals by subject.

    Returns:
        No table for a run with one draw.
    """
    if number_of_draws(results) == 1 or not metrics:
        return []
    draws = draw_variation(results, metrics)
    intervals = results.table(metrics, resampling)
    quantile = float(stdtrit(max(1, results.units(resampling).number - 1), (1 + resampling.confidence) / 2))
    return [_table(results, results.metric(name), draws[name], intervals[name], quantile) for name in metrics]


def _table(results: Results, metric: Metric, draws: pd.DataFrame, intervals: pd.DataFrame, quantile: float) -> Table:
    stochastic = set(results.frame.loc[results.frame["replicate"] > 0, "corruption"])
    rows = []
    for row in table_rows(results):
        if row.key[1] not in stochastic and row.key != ("mean", "all"):
            continue
        cells = tuple(
            _cell(draws[model].loc[[row.key]], intervals[model].loc[[row.key]], metric, quantile)
            for model in results.models
        )
        keys = {"metric": metric.name, "category": row.key[0], "corruption": row.key[1]}
        keys |= {"statistic": "sd_between_draws", "unit": metric.unit}
        rows.append(Row(MEAN_ROW if row.kind == MEAN_ROW else PLAIN, row.label, cells, keys))
    caption = f"{heading(metric)}: variation of the draws ({describe_sample(results)})"
    columns = model_columns(results.models)
    return Table(f"draws-{metric.name}", caption, "Corruption", columns, tuple(rows), remarks=(DRAWS_NOTE,))


def _cell(draws: pd.DataFrame, interval: pd.DataFrame, metric: Metric, quantile: float) -> Cell:
    deviation, error = (float(draws[part].iloc[0]) for part in ("sd", "se"))
    low, high = (float(interval[part].iloc[0]) for part in ("low", "high"))
    by_subject = (high - low) / 2 / quantile
    return Cell(" / ".join(number(value, metric.unit) for value in (deviation, error, by_subject)), deviation)
