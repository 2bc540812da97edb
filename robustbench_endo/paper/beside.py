"""Our figures beside the paper's."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd

from robustbench_endo.paper.cell import Cell
from robustbench_endo.paper.grid import Grid, Row
from robustbench_endo.paper.judging import PROTOCOLS, QUANTITIES, figure_of
from robustbench_endo.paper.run import Outcome
from robustbench_endo.paper.scale import Scale

DONE = "done"


def beside(grid: Grid, outcomes: Mapping[tuple[Cell, str], Outcome], scale: Scale) -> pd.DataFrame:
    """A line a row of the grid, metric and protocol.

    Columns: the grid's keys, then ``network`` (the spec that was trained), ``metric`` (the paper's word), ``protocol``,
    ``quantity`` (the name of ours in every other table of this package), ``ours``, ``paper``, ``difference`` (ours less
    the paper's) and ``state``: ``done``, or why there is no figure. Only the protocol ``paper`` is set against the
    paper; what ``standard`` gives is another quantity.
    """
    lines = [
        _line(row, outcomes[row.cell, row.judged], scale, metric, protocol)
        for row in grid.rows
        for protocol in PROTOCOLS
        for metric in grid.metrics
        if _asked(row, metric)
    ]
    return pd.DataFrame(lines)


def _asked(row: Row, metric: str) -> bool:
    """A network of one task has no figures of the other."""
    activity = metric in ("accuracy", "f_score")
    return row.cell.task == "both" or activity == (row.cell.task == "classification")


def _line(row: Row, outcome: Outcome, scale: Scale, metric: str, protocol: str) -> dict[str, Any]:
    theirs = row.paper.get(metric, math.nan) if protocol == "paper" else math.nan
    results = outcome.results.get(protocol)
    ours = figure_of(results, row, metric) if results is not None else math.nan
    return {
        **row.labels,
        "network": scale.made(row.cell).model,
        "metric": metric,
        "protocol": protocol,
        "quantity": QUANTITIES[protocol][metric],
        "ours": ours,
        "paper": theirs,
        "difference": ours - theirs,
        "state": outcome.problem or DONE,
    }
