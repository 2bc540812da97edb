"""Tables as CSV text that a spreadsheet shows and does not run."""

from __future__ import annotations

import pandas as pd

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a cell begins with that spreadsheets take for a formula, or strip before they do."""


def csv_text(table: pd.DataFrame, float_format: str | None = None) -> str:
    """A table as CSV, without its index; a missing number is empty.

    Names come from files and models of other people: a text that a spreadsheet would run begins with an apostrophe,
    which spreadsheets hide. Numbers are never changed.

    >>> csv_text(pd.DataFrame({"model": ["=1+1", "a"], "score": [-1.0, 2.0]})).splitlines()
    ['model,score', "'=1+1,-1.0", 'a,2.0']
    """
    texts = [name for name in table.columns if not pd.api.types.is_numeric_dtype(table[name])]
    safe = table.assign(**{name: table[name].map(_neutral) for name in texts}) if texts else table
    renamed = safe.rename(columns={name: _neutral(name) for name in table.columns})
    text: str = renamed.to_csv(index=False, float_format=float_format)
    return text


def _neutral(value: object) -> object:
    if not isinstance(value, str):
        return value
    line = value.replace("\r", " ")  # pandas does not quote it, and spreadsheets begin a row there
    return f"'{line}" if value.startswith(FORMULA) else line
