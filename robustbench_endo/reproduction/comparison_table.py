"""Reproduced numbers compared with those of the paper."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from statistics import fmean, stdev
from typing import Any

import pandas as pd

from robustbench_endo.reproduction.experiments import GEN, Cell, Grid, Row, grid
from robustbench_endo.reproduction.presets import Scale
from robustbench_endo.reproduction.runner import PROTOCOLS, CellResult, quantity_of, reproduced_number
from robustbench_endo.results import Results

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


TABLES = {"mtlesd": ("table2", "table6", "table7"), "mtlendovis": ("table3", "table6"), GEN: ("table4",)}
"""Data set -> the tables of its test frames; the rows of Table V are those of II and III."""

SEVERITIES = [1, 2, 3, 4, 5]
"""Table VII is the mean over these."""

SOURCE = "“published”: as printed in the paper (arXiv 2506.06830) for the network of that name."

OTHER_DEFINITIONS = (
    " The paper uses the definitions of the protocol endoarss: the numbers of this run are other quantities."
)


def published_for_run(results: Results) -> pd.DataFrame | None:
    """The numbers of the paper for the models of a run; None where it has none.

    A model belongs to the paper if its name is a row of the paper's tables (``EndoARSS/TESLA/DB-MTL``). Table VII does
    not state the multi-task method: there ``endoarss/tesla``, as a name or as the spec of the model, is enough. Numbers
    under corruption require the severities of the paper, 1 to 5.

    Returns:
        Rows and columns as :meth:`Results.table`, in its units, NaN where the paper has no number;
        ``.attrs["source"]`` describes them.
    """
    data = results.info.get("data", {})
    tables = TABLES.get(str(data.get("name")), ()) if data.get("split") in (None, "test") else ()
    if not tables:
        return None
    # The runner imports torch, which a report of any other data set does not need.
    from robustbench_endo.reproduction.runner import METRICS

    names = METRICS[results.protocol]
    numbers: dict[tuple[str, str], dict[tuple[str, str], float]] = {}
    for table in tables:
        for row in grid(table).rows:
            key = _table_row(row, results) if row.test_data == data["name"] else None
            if key is None:
                continue
            for model in _models(row, results):
                for metric, value in row.published.items():
                    numbers.setdefault((names[metric], model), {}).setdefault(key, value)
    if not numbers:
        return None
    frame = pd.DataFrame(numbers)
    frame.columns.names, frame.index.names = ["metric", "model"], ["category", "corruption"]
    frame.attrs["source"] = SOURCE + ("" if results.protocol == "endoarss" else OTHER_DEFINITIONS)
    return frame


def _table_row(row: Row, results: Results) -> tuple[str, str] | None:
    """The row of the run's table with the same meaning; None without one."""
    if not row.corruption:
        return "clean", "clean"
    if results.severities != SEVERITIES:
        return None
    if row.corruption == "mean":
        corruptions = {line.corruption for line in grid("table7").rows} - {"mean"}
        return ("mean", "all") if set(results.corruptions) == corruptions else None
    category = results.corruption_categories.get(row.corruption)
    return (category, row.corruption) if category else None


def _models(row: Row, results: Results) -> Iterator[str]:
    """The models of the run to which the row belongs."""
    for entry in results.info["models"]:
        named = entry["name"].lower() == row.cell.label.lower()
        if named or (row.corruption and _network(row.cell.model) in _networks(entry)):
            yield entry["name"]


def _networks(entry: dict[str, Any]) -> set[str]:
    return {_network(text) for text in (entry["name"], entry.get("spec") or "")} - {""}


def _network(text: str) -> str:
    """``endoarss/tesla`` of a spec or label; empty for another rank than the default."""
    backbone, _, rest = text.lower().partition("/")
    return "" if "rank" in rest else f"{backbone}/{rest.partition('/')[0].partition('@')[0]}"
