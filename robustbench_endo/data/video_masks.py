"""The mask video that belongs to a video, and the grey values that stand for its labels."""

from __future__ import annotations

import re
from pathlib import Path

from robustbench_endo.errors import DataError

LEVELS_FILE = "levels.txt"

_MASK_NAME = re.compile(r"(?:^|(?<=[_\-. ]))mask(?:s)?$", re.IGNORECASE)


def is_mask(path: Path) -> bool:
    """Is it named as a mask video?"""
    return _MASK_NAME.search(path.stem) is not None


def mask_of(video: Path, masks: dict[str, Path]) -> Path | None:
    """The mask video of a video, among those of the folder by their stems in lower case."""
    stem = video.stem.lower()
    names = (f"{stem}{gap}{word}" for gap in "_-. " for word in ("mask", "masks"))
    replaced = re.sub(r"video$", "mask", stem)
    return next((masks[name] for name in (*names, replaced) if name in masks), None)


def read_levels(file: Path) -> tuple[int, ...]:
    """The numbers in a levels file; :class:`DataError` for anything else."""
    text = file.read_text("utf-8")
    try:
        return tuple(int(word) for word in text.replace(",", " ").split())
    except ValueError as error:
        raise DataError(
            f"Expected grey values such as 0 70 160 in {file}, found {text.strip()!r}: correct it."
        ) from error


def check_levels(levels: tuple[int, ...]) -> None:
    """Raise :class:`DataError` unless they are at least two different grey values."""
    if len(set(levels)) < max(2, len(levels)) or not all(0 <= level <= 255 for level in levels):
        raise DataError(
            f"Expected at least two different grey values from 0 to 255 as the levels of the labels, found {levels}: "
            "write one a label, background first, such as 0 70 160."
        )
