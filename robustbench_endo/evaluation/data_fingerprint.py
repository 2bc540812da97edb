"""Fingerprints of frames: a run is resumed only on the same data, and data that vanish meanwhile are noticed.

A frame that cannot be read is left out of a run for good, which is right for a damaged file and wrong for a disk that
was not there for a moment.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from robustbench_endo.errors import DataError, RunError
from robustbench_endo.types import Dataset


@dataclass(frozen=True)
class DataFingerprint:
    """Fingerprints of frames.

    Attributes:
        total: SHA-256 of all frames in order.
        frames: index -> fingerprint of the frame; empty for a data set without fingerprints.
    """

    total: str
    frames: Mapping[int, str]


def fingerprint_data(dataset: Any, indices: Sequence[int]) -> DataFingerprint:
    """The data set's fingerprints of frames; without them, SHA-256 over their ids and subjects.

    Raises:
        RunError: a file cannot be read.
    """
    fingerprint = getattr(dataset, "fingerprint", None)
    frames: dict[int, str] = {}
    content = [f"{dataset.ids[i]}\1{dataset.subjects[i]}" for i in indices]
    if callable(fingerprint):
        try:
            frames = {i: str(fingerprint([i])) for i in indices}
        except OSError as error:
            raise _cannot_read(error.filename or dataset.name, error.strerror or str(error)) from error
        content = list(frames.values())
    return DataFingerprint(hashlib.sha256("\0".join(content).encode("utf-8", "surrogatepass")).hexdigest(), frames)


def check_unchanged(dataset: Dataset, indices: Sequence[int], before: DataFingerprint) -> None:
    """Raise :class:`RunError` where frames are no longer what they were when the run began.

    Args:
        dataset: of the run.
        indices: of frames that cannot be read.
        before: fingerprints from the beginning of the run.
    """
    for index in indices:
        if index not in before.frames:
            continue
        try:
            now = fingerprint_data(dataset, [index]).frames[index]
        except (DataError, RunError):
            now = ""
        if now != before.frames[index]:
            raise _cannot_read(dataset.ids[index], "it changed or vanished after the run began")


def _cannot_read(name: str, reason: str) -> RunError:
    return RunError(
        f"Cannot read {name}: {reason}. Make the data available again and re-run the same command; finished work is "
        "kept."
    )
