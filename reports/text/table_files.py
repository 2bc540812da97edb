"""The tables of a run as CSV and Parquet, unrounded: a row a number, with what it is of."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from robustbench_endo.errors import RunError
from robustbench_endo.reports.data.breakdown import class_overlap
from robustbench_endo.reports.data.failures import DICE
from robustbench_endo.reports.data.metrics import metric, metrics_present
from robustbench_endo.results.io import write_whole

if TYPE_CHECKING:
    from robustbench_endo.results import Bootstrap, Results


def write_tables(results: Results, folder: Path, intervals: bool | Bootstrap = False) -> list[Path]:
    """Write ``<table>.csv`` and ``<table>.parquet`` for each of :func:`tables`, whole; an absent number is empty.

    Raises:
        OSError: the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for name, table in tables(results, intervals).items():
        files += [folder / f"{name}.csv", folder / f"{name}.parquet"]
        write_whole(files[-2], lambda file, table=table: table.to_csv(file, index=False))  # type: ignore[misc]
        write_whole(files[-1], lambda file, table=table: table.to_parquet(file, index=False))  # type: ignore[misc]
    return files


def tables(results: Results, intervals: bool | Bootstrap = False) -> dict[str, pd.DataFrame]:
    """``scores``, ``table``, ``robustness``, ``failures`` and ``classes``; those that the run cannot fill are missing.

    All but ``scores`` (a row a condition, a column a metric) have a row a number, ``value``, with its keys and, with
    intervals, ``low`` and ``high``. A metric's unit stands beside it.
    """
    metrics = metrics_present(results)
    found = {"scores": results.scores(intervals)}
    if metrics:
        found["table"] = _long(results.table(metrics, intervals), bool(intervals))
        found["robustness"] = _long(results.robustness(metrics, None, intervals), bool(intervals))
        if (failed := _failures(results, intervals)) is not None:
            found["failures"] = _long(failed, bool(intervals))
    classes = _classes(results)
    return found | ({"classes": classes} if len(classes) else {})


def _failures(results: Results, intervals: bool | Bootstrap) -> pd.DataFrame | None:
    try:
        return results.failures(DICE, intervals)
    except RunError:
        # A model without clean frames has no yardstick of confidence.
        return None


def _long(table: pd.DataFrame, intervals: bool) -> pd.DataFrame:
    keys = [*table.index.names, *(name for name in table.columns.names if name != "part")]
    rows = [
        (*_tuple(index), *_tuple(column), float(table.at[index, column])) for index in table.index for column in table
    ]
    names = [*table.index.names, *table.columns.names, "value"]
    found = pd.DataFrame(rows, columns=names)
    if intervals:
        found = found.pivot(index=keys, columns="part", values="value").reindex(_in_order(found, keys)).reset_index()
        found.columns.name = None
        found = found[[*keys, "value", "low", "high"]]
    found.insert(len(keys), "unit", [metric(name).unit for name in found["metric"]])
    return found


def _in_order(found: pd.DataFrame, keys: list[str]) -> pd.MultiIndex:
    return pd.MultiIndex.from_frame(found[keys].drop_duplicates())


def _tuple(key: object) -> tuple[object, ...]:
    return key if isinstance(key, tuple) else (key,)


def _classes(results: Results) -> pd.DataFrame:
    wide = class_overlap(results)
    long = wide.melt(["model", "corruption", "severity"], var_name="label", value_name="iou")
    long = long[long["label"].isin([label for label in range(len(results.classes)) if wide[label].notna().any()])]
    long.insert(3, "class", [results.classes[label] for label in long["label"]])
    return long.drop(columns="label").reset_index(drop=True)
