"""Pairs of frames of one scene, without and with a recorded condition."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from robustbench_endo.errors import DataError
from robustbench_endo.realism.smoke_statistics import Bytes


@dataclass(frozen=True)
class Pair:
    """One pair of frames.

    Attributes:
        name: file name of both frames.
        sequence: the video that the pair is from; intervals resample sequences.
        clear: uint8 (H, W, 3).
        smoky: uint8 (H, W, 3), the same scene in smoke.
    """

    name: str
    sequence: str
    clear: Bytes
    smoky: Bytes


def read_pairs(folder: str | Path) -> list[Pair]:
    """The pairs of a folder with ``pairs.csv`` (columns name and sequence) and the frames in ``clear`` and ``smoky``.

    Args:
        folder: the folder.

    Raises:
        DataError: no or an incomplete pairs.csv; missing frames; fewer than two sequences.
    """
    root = Path(folder)
    table = root / "pairs.csv"
    if not table.is_file():
        raise DataError(f"Expected {table}, got no such file: write one with the columns name and sequence.")
    with table.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    if any(not row.get("name") or not row.get("sequence") for row in rows):
        raise DataError(f"Expected name and sequence in each row of {table}, got a row without: complete it.")
    sequences = {row["sequence"] for row in rows}
    if len(sequences) < 2:
        raise DataError(f"Expected pairs of at least 2 sequences in {table}, got {len(sequences)}: add pairs.")
    return [
        Pair(row["name"], row["sequence"], *(_frame(root / part / row["name"]) for part in ("clear", "smoky")))
        for row in rows
    ]


def _frame(path: Path) -> Bytes:
    try:
        with Image.open(path) as image:
            return np.asarray(image.convert("RGB"))
    except OSError as error:
        raise DataError(f"Cannot read the frame {path}: {error}. Correct pairs.csv or the frame.") from error
