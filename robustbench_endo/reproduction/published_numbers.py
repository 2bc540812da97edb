"""The numbers of the paper that belong to a run; without torch, because every report looks for them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd

from robustbench_endo.reproduction.experiments import GEN, METRIC_NAMES, Row, grid
from robustbench_endo.results import Results

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
    numbers = _numbers(results, [row for table in tables for row in grid(table).rows if row.test_data == data["name"]])
    if not numbers:
        return None
    frame = pd.DataFrame(numbers)
    frame.columns.names, frame.index.names = ["metric", "model"], ["category", "corruption"]
    frame.attrs["source"] = SOURCE + ("" if results.protocol == "endoarss" else OTHER_DEFINITIONS)
    return frame


def _numbers(results: Results, rows: Sequence[Row]) -> dict[tuple[str, str], dict[tuple[str, str], float]]:
    """(metric, model) of the run -> row of its table -> the number of the first row of the paper that has one."""
    names = METRIC_NAMES[results.protocol]
    numbers: dict[tuple[str, str], dict[tuple[str, str], float]] = {}
    for row in rows:
        key = _table_row(row, results)
        if key is None:
            continue
        for model in _models(row, results):
            for metric, value in row.published.items():
                numbers.setdefault((names[metric], model), {}).setdefault(key, value)
    return numbers


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
