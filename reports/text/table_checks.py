"""Whether the tables of a run folder are those that follow from its records."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from robustbench_endo.reports.text.table_files import data_tables
from robustbench_endo.results import Check

if TYPE_CHECKING:
    from robustbench_endo.results import Results

FOLDER = "tables"
_NAME = "the tables agree with the records"


def check_tables(results: Results) -> list[Check]:
    """Compare the files in ``tables`` of a run folder, except intervals, with the records; no check without them.

    Args:
        results: a run with its folder.
    """
    folder = None if results.path is None else results.path / FOLDER
    if folder is None or not folder.is_dir():
        return []
    for name, table in data_tables(results).items():
        for suffix, read in ((".csv", pd.read_csv), (".parquet", pd.read_parquet)):
            path = folder / f"{name}{suffix}"
            if path.is_file() and not _equal(read(path), table):
                return [Check(_NAME, f"{FOLDER}/{path.name} was changed, or is of other records: write it again.")]
    return [Check(_NAME, "")]


def _equal(stored: pd.DataFrame, table: pd.DataFrame) -> bool:
    """Whether all columns of the table without intervals are equal."""
    if not set(table) <= set(stored) or len(table) != len(stored):
        return False
    for name in table:
        first, second = stored[name], table[name]
        if pd.api.types.is_numeric_dtype(second):
            before, now = (pd.to_numeric(each, errors="coerce").to_numpy(np.float64) for each in (first, second))
            if not np.allclose(before, now, rtol=1e-9, atol=1e-12, equal_nan=True):
                return False
        elif _texts(first) != _texts(second):
            return False
    return True


def _texts(column: pd.Series) -> list[str]:
    """Texts without the apostrophe that precedes one which a spreadsheet would take for a formula."""
    return [text.removeprefix("'") for text in column.fillna("").astype(str)]
