"""The checksum of exactly the records that a number was computed from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from robustbench_endo.metrics.base import Metric
from robustbench_endo.results.schema import KEYS

SORT_KEYS = ("model", "corruption", "severity", "replicate", "image_id")
DEFINITION = (
    "SHA-256 over the records of the row: sorted by model, corruption, severity, replicate and image_id; column by "
    "column, first model, corruption, severity, replicate, image_id and subject_id, then the columns named in the row "
    "in the order of their names; of each column its name and a line break in UTF-8, then its values: texts as a JSON "
    "list in UTF-8, whole numbers as little-endian 64-bit integers, all others (and the severity) as little-endian "
    "64-bit floating-point numbers with one pattern for a missing value."
)


def records_sha256(records: pd.DataFrame, columns: Sequence[str]) -> str:
    """The checksum of some records, in the order of :data:`DEFINITION`; independent of their order.

    Args:
        records: rows of results.parquet.
        columns: those that the number was computed from, besides the keys.

    >>> keys = {"model": "a", "corruption": "smoke", "severity": 1, "replicate": 0, "image_id": "x", "subject_id": "p"}
    >>> records_sha256(pd.DataFrame([{**keys, "hd95": 1.5}]), ["hd95"])[:12]
    '3363f26787d8'
    """
    ordered = records.sort_values(list(SORT_KEYS), kind="stable")
    digest = hashlib.sha256()
    for name in (*KEYS, *sorted(set(columns) - set(KEYS))):
        digest.update(f"{name}\n".encode())
        digest.update(_bytes(ordered[name], as_float=name == "severity"))
    return digest.hexdigest()


def _bytes(values: pd.Series, *, as_float: bool) -> bytes:
    if not pd.api.types.is_numeric_dtype(values):
        return json.dumps([str(value) for value in values], ensure_ascii=False, separators=(",", ":")).encode(
            "utf-8", "surrogatepass"
        )
    if values.dtype.kind in "iub" and not as_float:
        return bytes(values.to_numpy().astype("<i8").tobytes())
    numbers = values.to_numpy(np.float64)
    return np.where(np.isnan(numbers), np.nan, numbers).astype("<f8").tobytes()


class _ReadColumns(pd.DataFrame):  # type: ignore[misc]  # pandas has no types
    """A table that notes which of its columns are read."""

    _metadata: ClassVar[list[str]] = ["names"]  # which pandas does not take for a column
    names: set[str]

    def __getitem__(self, key: Any) -> Any:
        self.names.update([key] if isinstance(key, str) else [name for name in key if isinstance(name, str)])
        return super().__getitem__(key)


def columns_of(metric: Metric, frame: pd.DataFrame, num_labels: int) -> list[str]:
    """The columns of records that a metric reads, sorted.

    Args:
        metric: of the run.
        frame: its records, at least one.
        num_labels: number of labels of the metric's task.
    """
    probe = _ReadColumns(frame.iloc[:1])
    probe.names = set()
    metric.statistics(probe, num_labels)
    return sorted(probe.names or set(frame.columns) - set(KEYS))
