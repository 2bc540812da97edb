"""What is logged of an evaluation: scalars by corruption and metric, figures and tables."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

from robustbench_endo.results.results import Results

PREFIX = "robustness"
"""Start of all logged names."""


def metrics_of(results: Results, names: Sequence[str] | None) -> list[str]:
    """The metrics to log: those of ``names``, or the first of each task that the model has.

    Raises:
        RobustEndoError: a metric that the run does not have.
    """
    if names is not None:
        return [results.metric(name).name for name in names]
    clean = results.scores().iloc[0]
    return [name for name in results.headlines if not math.isnan(clean[name])]


def scalars(results: Results, metrics: Sequence[str]) -> dict[str, float]:
    """``robustness/<corruption>/<metric>``: means over severities, in the unit of the metric.

    In addition to the corruptions, ``clean`` is the score of clean frames, and ``mean`` the mean over corruptions.
    """
    table = results.table(list(metrics))
    names = {row: row[1] for row in table.index if row[0] != "mean"} | {("mean", "all"): "mean"}
    return {
        f"{PREFIX}/{name}/{metric}": float(table.loc[row, metric].iloc[0])
        for row, name in names.items()
        if row in table.index
        for metric in metrics
    }


def log_curves(loggers: Iterable[Any], results: Results, metrics: Sequence[str], step: int) -> None:
    """Figures of the scores by severity for TensorBoard, and a table of them for loggers with ``log_table`` (W&B)."""
    for logger in loggers:
        if hasattr(logger.experiment, "add_figure"):
            for metric in metrics:
                logger.experiment.add_figure(f"{PREFIX}/{metric}", results.plot.severity(metric), global_step=step)
        elif hasattr(logger, "log_table"):
            table = results.scores()[["corruption", "severity", *metrics]]
            logger.log_table(key=PREFIX, dataframe=table, step=step)
