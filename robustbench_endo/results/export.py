"""Scores, tables and records of a run as CSV or JSON: as text, or in a file."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args, overload

import pandas as pd

from robustbench_endo.errors import RobustEndoError, unknown_name
from robustbench_endo.io_utils import write_atomically
from robustbench_endo.results.csv_text import csv_text

if TYPE_CHECKING:
    from robustbench_endo.results.resampling import Resampling
    from robustbench_endo.results.results import Results

CsvTable = Literal["scores", "table", "robustness", "frame"]
"""What :func:`to_csv` writes."""

JSON_FORMAT, JSON_VERSION = "robustbench_endo.results", 1
"""Name and version in the output of :func:`to_json`; the version changes with the meaning of a key."""

_NOT_EXPORTED = ("files",)
"""Keys of run.json that are of no use without the run folder: the digests of its files."""


@overload
def to_csv(
    results: Results, path: None = None, what: CsvTable = "scores", intervals: bool | Resampling = False
) -> str: ...
@overload
def to_csv(
    results: Results, path: str | Path, what: CsvTable = "scores", intervals: bool | Resampling = False
) -> None: ...
def to_csv(
    results: Results,
    path: str | Path | None = None,
    what: CsvTable = "scores",
    intervals: bool | Resampling = False,
) -> str | None:
    """Write a table of the run as CSV, unrounded; a missing number is empty.

    A text that a spreadsheet would run as a formula begins with an apostrophe.

    Args:
        results: the run.
        path: of the file; None returns the text, as in pandas.
        what: ``scores``, one row per model, corruption and severity with a column per metric; ``table`` or
            ``robustness``, one row per number of :meth:`Results.table` or :meth:`Results.robustness`; ``frame``, the
            records, one row per image, condition and model.
        intervals: whether, and how, to compute intervals; not for ``frame``.

    Returns:
        The text for a path of None, otherwise None.

    Raises:
        UnknownNameError: another value of ``what``.
        RobustEndoError: a path that is none, or intervals of single images.
        RunError: the file cannot be written.
    """
    return _write(csv_text(_table(results, what, intervals)), path, "to_csv")


@overload
def to_json(results: Results, path: None = None, intervals: bool | Resampling = False) -> str: ...
@overload
def to_json(results: Results, path: str | Path, intervals: bool | Resampling = False) -> None: ...
def to_json(results: Results, path: str | Path | None = None, intervals: bool | Resampling = False) -> str | None:
    """Write scores, table, metrics and provenance as strict JSON; a number that is missing or infinite is null.

    ``pandas.DataFrame(json.loads(text)["scores"])`` is :meth:`Results.scores` again. docs/results.md lists all keys.

    Args:
        results: the run.
        path: of the file; None returns the text, as in pandas.
        intervals: whether, and how, to compute intervals.

    Returns:
        The text for a path of None, otherwise None.

    Raises:
        RobustEndoError: a path that is none.
        RunError: the file cannot be written, or intervals of a run without frames.
    """
    content = _finite(json_content(results, intervals))
    return _write(json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n", path, "to_json")


def json_content(results: Results, intervals: bool | Resampling = False) -> dict[str, Any]:
    """The content of :func:`to_json`, in which a number may still be NaN or infinite."""
    scores = results.scores(intervals)
    return {
        "format": JSON_FORMAT,
        "version": JSON_VERSION,
        "name": results.info.get("name"),
        "models": results.models,
        "corruptions": results.corruption_categories,
        "recorded_conditions": results.recorded_conditions,
        "severities": results.severities,
        "metrics": {
            metric.name: {
                "label": metric.label,
                "unit": metric.unit,
                "higher_is_better": metric.higher_is_better,
                "description": metric.description,
                "task": metric.task,
            }
            for metric in results.metrics
        },
        "intervals": {key: scores.attrs[key] for key in ("intervals", "warning")} if intervals else None,
        "scores": scores.to_dict("records"),
        "table": _one_row_per_number(results.table(intervals=intervals)).to_dict("records"),
        "provenance": {key: value for key, value in results.info.items() if key not in _NOT_EXPORTED},
    }


def _table(results: Results, what: str, intervals: bool | Resampling) -> pd.DataFrame:
    if what not in get_args(CsvTable):
        raise unknown_name("table of a run", what, get_args(CsvTable))
    if what == "scores":
        return results.scores(intervals)
    if what == "table":
        return _one_row_per_number(results.table(intervals=intervals))
    if what == "robustness":
        return _one_row_per_number(results.robustness(intervals=intervals))
    if intervals:
        raise RobustEndoError(
            "Expected no intervals with what='frame', got some: an image has none; write what='scores' with them."
        )
    return results.frame


def _one_row_per_number(table: pd.DataFrame) -> pd.DataFrame:
    """A table of :class:`Results` with its rows and columns as keys, and ``value`` or, with intervals, its ends."""
    if "part" not in table.columns.names:
        return table.melt(ignore_index=False).reset_index()
    parts = {part: table.xs(part, axis=1, level="part") for part in table.columns.unique("part")}
    keys = next(iter(parts.values())).melt(ignore_index=False).drop(columns="value")
    values = {part: each.melt()["value"].to_numpy() for part, each in parts.items()}
    return keys.assign(**values).reset_index()


def _finite(value: Any) -> Any:
    """A value of JSON types only, without NaN and infinity."""
    if isinstance(value, Mapping):
        return {str(key): _finite(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(each) for each in value]
    if value is None or isinstance(value, (str, bool, int)):
        return value
    try:
        number = value.item() if hasattr(value, "item") else value
        return (number if math.isfinite(number) else None) if isinstance(number, (int, float)) else str(value)
    except (TypeError, ValueError):  # an array or another object in a run that was made in memory
        return str(value)


def _write(text: str, path: str | Path | None, method: str) -> str | None:
    if path is None:
        return text
    if not isinstance(path, (str, Path)) or not str(path):
        raise RobustEndoError(
            f"Expected path to be the name of a file, got {path!r}: give a name, or write the text that "
            f"results.{method}() returns."
        )
    write_atomically(Path(path), text.encode())
    return None
