"""Reproduced numbers compared with those of the paper."""

from __future__ import annotations

import math
from collections.abc import Mapping
from statistics import fmean, stdev
from typing import Any

import pandas as pd

from robustbench_endo.reproduction.experiments import Cell, Grid, Row
from robustbench_endo.reproduction.presets import Scale
from robustbench_endo.reproduction.runner import PROTOCOLS, CellResult, quantity_of, reproduced_number

DONE = "done"


def comparison_table(grid: Grid, outcomes: Mapping[tuple[Cell, str], CellResult], scale: Scale) -> pd.DataFrame:
    """One row per row of the grid, metric and protocol.

    Columns: the grid's keys, then ``network`` (the trained spec), ``metric`` (the paper's name), ``protocol``,
    ``quantity`` (the metric's name in every other table of this package), ``reproduced`` (the mean over the seeds of
    the trainings), ``sd`` (the standard deviation over seeds, n - 1; NaN for one), ``seeds`` (their number),
    ``published``, ``difference`` (reproduced - published) and ``state``: ``done``, or why a number is missing. Only the
    protocol ``endoarss`` is comparable with the paper, and only networks and data that are those of the paper: where
    small ones replace them, nothing published is given.
    """
    lines = [
        _line(row, outcomes[row.cell, row.test_data], scale, metric, protocol)
        for row in grid.rows
        for protocol in PROTOCOLS
        for metric in grid.metrics
        if _has_metric(row, metric)
    ]
    return pd.DataFrame(lines)


def _has_metric(row: Row, metric: str) -> bool:
    """Whether the network has the task of the metric."""
    activity = metric in ("accuracy", "accuracy_std", "f_score")
    return row.cell.task == "both" or activity == (row.cell.task == "classification")


def _line(row: Row, outcome: CellResult, scale: Scale, metric: str, protocol: str) -> dict[str, Any]:
    comparable = protocol == "endoarss" and not scale.synthetic
    published = row.published.get(metric, math.nan) if comparable else math.nan
    numbers = [reproduced_number(run[protocol], row, metric) for run in outcome.runs if protocol in run]
    known = [number for number in numbers if not math.isnan(number)]
    reproduced = fmean(known) if known else math.nan
    return {
        **row.labels,
        "network": scale.substitute(row.cell).model,
        "metric": metric,
        "protocol": protocol,
        "quantity": quantity_of(metric, protocol),
        "reproduced": reproduced,
        "sd": stdev(known) if len(known) > 1 else math.nan,
        "seeds": len(known),
        "published": published,
        "difference": reproduced - published,
        "state": outcome.problem or DONE,
    }
