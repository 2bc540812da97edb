"""Our figures beside the paper's."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from robustbench_endo.reproduction.experiments import GEN, Cell, Grid, Row, grid
from robustbench_endo.reproduction.presets import Scale
from robustbench_endo.reproduction.runner import METRICS, PROTOCOLS, CellResult, figure_of
from robustbench_endo.results import Results

DONE = "done"


def beside(grid: Grid, outcomes: Mapping[tuple[Cell, str], CellResult], scale: Scale) -> pd.DataFrame:
    """A line a row of the grid, metric and protocol.

    Columns: the grid's keys, then ``network`` (the spec that was trained), ``metric`` (the paper's word), ``protocol``,
    ``quantity`` (the name of ours in every other table of this package), ``ours``, ``published``, ``difference``
    (ours less the paper's) and ``state``: ``done``, or why there is no figure. Only the protocol ``published`` is
    set against the paper; what ``standard`` gives is another quantity.
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


def _line(row: Row, outcome: CellResult, scale: Scale, metric: str, protocol: str) -> dict[str, Any]:
    theirs = row.published.get(metric, math.nan) if protocol == "endoarss" else math.nan
    results = outcome.results.get(protocol)
    ours = figure_of(results, row, metric) if results is not None else math.nan
    return {
        **row.labels,
        "network": scale.made(row.cell).model,
        "metric": metric,
        "protocol": protocol,
        "quantity": METRICS[protocol][metric],
        "ours": ours,
        "published": theirs,
        "difference": ours - theirs,
        "state": outcome.problem or DONE,
    }


TABLES = {"mtlesd": ("table2", "table6", "table7"), "mtlendovis": ("table3", "table6"), GEN: ("table4",)}
"""Data set -> the tables of its test frames; the lines of Table V are those of II and III."""

SEVERITIES = [1, 2, 3, 4, 5]
"""That Table VII is a mean over."""

SOURCE = "“paper”: as printed in the paper (arXiv 2506.06830) for the network of that name."

OTHER_DEFINITIONS = (
    " The paper counts by its own definitions, those of protocol paper: this run's numbers are other quantities."
)


def alongside(results: Results) -> pd.DataFrame | None:
    """What the paper prints for the models of a run, None where it prints nothing.

    A model is one of the paper's where its name is a row of the paper's tables (``EndoARSS/TESLA/DB-MTL``). Table VII
    does not say how its networks were optimised: there ``endoarss/tesla``, as a name or as the model's spec, is enough.
    Figures under corruption need the run's mean over severities to be the paper's, over 1 to 5.

    Returns:
        Rows and columns as :meth:`Results.table`, in its units, NaN where the paper has no figure;
        ``.attrs["source"]`` says what they are.
    """
    data = results.info.get("data", {})
    tables = TABLES.get(str(data.get("name")), ()) if data.get("split") in (None, "test") else ()
    if not tables:
        return None
    # Judging knows torch, which a report of any other data set need not load.
    from robustbench_endo.reproduction.runner import METRICS

    words = METRICS[results.protocol]
    figures: dict[tuple[str, str], dict[tuple[str, str], float]] = {}
    for table in tables:
        for row in grid(table).rows:
            place = _place(row, results) if row.judged == data["name"] else None
            if place is None:
                continue
            for model in _models(row, results):
                for metric, value in row.published.items():
                    figures.setdefault((words[metric], model), {}).setdefault(place, value)
    if not figures:
        return None
    frame = pd.DataFrame(figures)
    frame.columns.names, frame.index.names = ["metric", "model"], ["category", "corruption"]
    frame.attrs["source"] = SOURCE + ("" if results.protocol == "endoarss" else OTHER_DEFINITIONS)
    return frame


def _place(row: Row, results: Results) -> tuple[str, str] | None:
    """The row of the run's table that shows the same; None where it shows something else."""
    if not row.corruption:
        return "clean", "clean"
    if results.severities != SEVERITIES:
        return None
    if row.corruption == "mean":
        every = {line.corruption for line in grid("table7").rows} - {"mean"}
        return ("mean", "all") if set(results.corruptions) == every else None
    category = results.corruption_categories.get(row.corruption)
    return (category, row.corruption) if category else None


def _models(row: Row, results: Results) -> Iterator[str]:
    """The models of the run that the row is of."""
    for entry in results.info["models"]:
        named = entry["name"].lower() == row.cell.label.lower()
        if named or (row.corruption and _network(row.cell.model) in _networks(entry)):
            yield entry["name"]


def _networks(entry: dict[str, Any]) -> set[str]:
    return {_network(text) for text in (entry["name"], entry.get("spec") or "")} - {""}


def _network(text: str) -> str:
    """``endoarss/tesla`` of a spec or label; empty for another rank than the one that stays unsaid."""
    backbone, _, rest = text.lower().partition("/")
    return "" if "rank" in rest else f"{backbone}/{rest.partition('/')[0].partition('@')[0]}"
