"""Whether the tables of a run folder are those that follow from its records."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from robustbench_endo.errors import RobustEndoError
from robustbench_endo.io_utils import read_json
from robustbench_endo.reports.text.table_files import SETTINGS_FILE, data_tables
from robustbench_endo.results import Check, Resampling

if TYPE_CHECKING:
    from robustbench_endo.results import Results

FOLDER = "tables"
_NAME = "the tables agree with the records"
_AGAIN = "Write it again with robust-endo report --format csv"


def check_tables(results: Results) -> list[Check]:
    """Compare the files in ``tables`` of a run folder with the records; no check without them.

    Args:
        results: a run with its folder.
    """
    folder = None if results.path is None else results.path / FOLDER
    if folder is None or not folder.is_dir():
        return []
    try:
        settings = read_json(folder / SETTINGS_FILE)
        intervals = Resampling(**settings["resampling"]) if settings["intervals"] else False
    except (KeyError, TypeError, RobustEndoError):
        return [Check(_NAME, f"{FOLDER}/{SETTINGS_FILE} is missing or was changed. {_AGAIN}.")]
    for name, table in data_tables(results, intervals).items():
        for suffix in (".csv", ".parquet"):
            problem = _problem(folder / f"{name}{suffix}", table)
            if problem:
                return [Check(_NAME, f"{FOLDER}/{name}{suffix} {problem}. {_AGAIN}.")]
    return [Check(_NAME, "")]


def _problem(path: Path, table: pd.DataFrame) -> str:
    """What differs in a file; empty for nothing, or without the file."""
    if not path.is_file():
        return ""
    try:
        stored = pd.read_csv(path) if path.suffix == ".csv" else pd.read_parquet(path)
    except (OSError, ValueError) as error:
        return f"cannot be read ({str(error).partition(chr(10))[0]})"
    if list(map(_text, stored)) != list(map(_text, table)) or len(table) != len(stored):
        return f"has {len(stored)} rows and {stored.shape[1]} columns instead of {len(table)} and {table.shape[1]}"
    for position, name in enumerate(table):
        before, now = stored.iloc[:, position], table[name]
        different = np.flatnonzero(~_equal(before, now))
        if len(different):
            row = int(different[0])
            values = f"{before.iloc[row]} instead of {now.iloc[row]}"
            return f"has another {name} in row {row + 1} than the records give: {values}"
    return ""


def _equal(stored: pd.Series, expected: pd.Series) -> Any:
    """Whether the values of two columns are equal, by row."""
    if pd.api.types.is_numeric_dtype(expected):
        before, now = (pd.to_numeric(each, errors="coerce").to_numpy(np.float64) for each in (stored, expected))
        return np.isclose(before, now, rtol=1e-9, atol=1e-12, equal_nan=True)
    return np.array(_texts(stored)) == np.array(_texts(expected))


def _texts(column: pd.Series) -> Sequence[str]:
    return [_text(text) for text in column.fillna("").astype(str)]


def _text(value: object) -> str:
    """A text without the apostrophe that precedes one which a spreadsheet would take for a formula."""
    return str(value).removeprefix("'")
