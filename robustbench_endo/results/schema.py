"""The columns of results.parquet: one row per frame x condition x draw x model."""

from __future__ import annotations

import hashlib
from collections.abc import Container, Iterable, Mapping, Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from robustbench_endo.errors import RunError
from robustbench_endo.metrics.base import DISTORTION_METRICS, Metric
from robustbench_endo.results.severity import has_fractions
from robustbench_endo.tasks.base import Column, Task

CLEAN = "clean"
"""The corruption of the clean condition, whose severity is 0."""

RECORDED = "recorded"
"""The category of recorded conditions (images taken in smoke, blood, low light), which have one severity, 1, and enter
no mean over corruptions."""

KEYS: dict[str, pa.DataType] = {
    "model": pa.string(),
    "corruption": pa.string(),
    "severity": pa.int8(),
    "replicate": pa.int16(),
    "image_id": pa.string(),
    "subject_id": pa.string(),
}

IMAGE_CHECKSUM = "image_checksum"
"""Column with :func:`image_checksum` of the image that the models saw."""

RECORDS_VERSION = 2
"""Raised when records get further columns: part of the identity of a run, which then does not resume."""

CONTENT_SHARE = "content_share"
"""Column with the share of the frame inside the scope's content area, 1 for a frame without a black surround."""

_TYPES = {"float32": pa.float32(), "int16": pa.int16(), "int32": pa.int32(), "int64": pa.int64()}


def image_checksum(pixels: NDArray[np.uint8]) -> int:
    """The checksum of an image: the first 8 bytes of SHA-256 over its size and pixels, as a signed number.

    Args:
        pixels: (3, H, W) 8-bit levels.

    >>> image_checksum(np.zeros((3, 2, 2), np.uint8)) == image_checksum(np.zeros((3, 4, 1), np.uint8))
    False
    """
    # Processors have instructions for SHA-256: half the time of BLAKE2b.
    digest = hashlib.sha256(repr(pixels.shape).encode())
    digest.update(np.ascontiguousarray(pixels).data)
    return int.from_bytes(digest.digest()[:8], "little", signed=True)


def record_columns(
    tasks: Sequence[Task], labels: Mapping[str, Sequence[str]], frame_metrics: Mapping[str, Iterable[Metric]]
) -> list[Column]:
    """The columns besides :data:`KEYS`: checksum and distortion of the image, then those of each task and its metrics.

    Args:
        tasks: of the run.
        labels: task name -> names of its labels.
        frame_metrics: task name -> metrics with a column.
    """
    columns = [Column(IMAGE_CHECKSUM, "int64", "checksum of the image that the models saw (SHA-256, 8 bytes)")]
    columns += [Column(kind.name, "float32", kind.description) for kind in DISTORTION_METRICS]
    columns += [Column(CONTENT_SHARE, "float32", "share of the frame inside the content area, 1 without a surround")]
    for task in tasks:
        columns += task.columns(len(labels[task.name]))
        columns += [
            Column(name, "float32", f"{metric.description} (per frame)")
            for metric in frame_metrics.get(task.name, ())
            for name in metric.record_columns
        ]
    return list({column.name: column for column in columns}.values())


def arrow_schema(
    tasks: Sequence[Task],
    labels: Mapping[str, Sequence[str]],
    frame_metrics: Mapping[str, Iterable[Metric]],
    severities: Sequence[float] = (),
) -> pa.Schema:
    """The exact schema of the records; float32 columns hold NaN where a value is not defined.

    Args:
        severities: of the run; its column is floating where one of them is no whole number.
    """
    keys = KEYS | ({"severity": pa.float64()} if has_fractions(severities) else {})
    fields = [pa.field(name, dtype, nullable=False) for name, dtype in keys.items()]
    for column in record_columns(tasks, labels, frame_metrics):
        fields.append(pa.field(column.name, _TYPES[column.type], nullable=column.type == "float32"))
    return pa.schema(fields)


def undefined_columns(tasks: Sequence[Task], labels: Mapping[str, Sequence[str]]) -> dict[str, float]:
    """The columns that records may lack -> the value that stands for "not defined": NaN, and 0 of a count."""
    columns = [column for task in tasks for column in task.columns(len(labels[task.name])) if column.optional]
    return {column.name: np.nan if column.type == "float32" else 0 for column in columns}


def check_schema(schema: pa.Schema, expected: pa.Schema, source: str, optional: Container[str] = ()) -> None:
    """Raise :class:`RunError` when a table lacks a column of a run, or has one of another type.

    Args:
        schema: of the table.
        expected: of the run.
        source: where the table is, for messages.
        optional: names of columns that it may lack.
    """
    expected = [field for field in expected if field.name in schema.names or field.name not in optional]
    missing = [field.name for field in expected if field.name not in schema.names]
    if missing:
        raise RunError(
            f"Expected the columns of a robustness run in {source}, got no {', '.join(missing[:5])}: "
            "give a run folder or a results.parquet written by robust-endo evaluate."
        )
    wrong = [
        f"{field.name} as {schema.field(field.name).type} instead of {field.type}"
        for field in expected
        if not _same_type(schema.field(field.name).type, field.type)
    ]
    if wrong:
        raise RunError(
            f"Expected the column types of a robustness run in {source}, got {', '.join(wrong[:5])}: "
            "give an unchanged results.parquet written by robust-endo evaluate."
        )


def _same_type(actual: pa.DataType, expected: pa.DataType) -> bool:
    if pa.types.is_dictionary(actual):
        actual = actual.value_type
    return bool(actual.equals(expected) or (pa.types.is_large_string(actual) and pa.types.is_string(expected)))
