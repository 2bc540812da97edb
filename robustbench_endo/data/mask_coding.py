"""Detection of masks whose values cannot be class indices."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from robustbench_endo.types import IGNORE

Counts = NDArray[np.int64]
"""Number of mask pixels of each value, (256,)."""

MAX_UNNAMED = 64
"""Largest number of classes that a data set without class names can have."""

_MAX_VALUES = 8


def coding_problem(pixels: Counts, classes: Sequence[str], *, named: bool) -> str | None:
    """Why values of masks cannot be class indices, with what to do; None where they can be.

    Args:
        pixels: number of pixels of each value over all masks.
        classes: names of the labels.
        named: whether the names are given, rather than counted from the largest value.

    >>> counts = np.zeros(256, np.int64)
    >>> counts[[0, 255]] = 900, 100
    >>> coding_problem(counts, ("background", "class 1"), named=False)[:61]
    'Expected at least two classes in the masks, got only 0 (backg'
    """
    used = [int(label) for label in np.flatnonzero(pixels) if label != IGNORE]
    ignored = bool(pixels[IGNORE])
    if not used:
        return (
            "Expected labels in the masks, got 255 (ignored) in every pixel of every mask: give the values with "
            "--label-map 0=background,255=instrument, or correct the masks."
            if ignored
            else None
        )
    if len(used) == 1 and (ignored or not named):
        return _one_class(used[0], classes, ignored)
    if named:
        return None
    if len(used) > MAX_UNNAMED:
        return (
            f"Expected masks with the numbers of a few classes, got {len(used)} different values, as images or lossy "
            f"files have them{_common_values(pixels, used)}: write class indices as PNG, or map ranges, as in "
            f"--label-map {_ranges(pixels, used)}."
        )
    absent = [label for label in range(max(used)) if label not in used]
    return _gaps(pixels, used, absent, ignored) if absent else None


def is_unnamed(name: str) -> bool:
    """Whether a label only has its number as a name: ``class 3``."""
    return name.startswith("class ") and name[6:].isdigit()


def _one_class(label: int, classes: Sequence[str], ignored: bool) -> str:
    name = classes[label] if label < len(classes) else "unnamed"
    if ignored:
        return (
            f"Expected at least two classes in the masks, got only {label} ({name}) and 255, which means ignored: give "
            f"--label-map {label}=background,255=instrument if 255 is a class."
        )
    return (
        f"Expected at least two classes in the masks, got only {label} ({name}): every prediction of it would be "
        "right; check the masks, or map their values with --label-map."
    )


def _gaps(pixels: Counts, used: Sequence[int], absent: Sequence[int], ignored: bool) -> str:
    values = [*used, IGNORE] if ignored else [*used]
    pairs = [f"{value}={_name(number)}" for number, value in enumerate(used[:4])]
    example = ",".join([*pairs, "..."] if len(used) > len(pairs) else pairs)
    return (
        f"Expected labels numbered from 0 without gaps, got {_numbers(values)} without "
        f"{_numbers(absent)}{_common_values(pixels, values)}: map them, as in --label-map {example}, or name all "
        "classes with --classes or classes.txt where some are only rare."
    )


def _common_values(pixels: Counts, values: Sequence[int]) -> str:
    """The values of nearly all pixels, where many others are only artefacts of a lossy codec."""
    common = _common(pixels, values)
    if not common or len(values) <= 4 * len(common):
        return ""
    share = 100 * pixels[common].sum() / pixels.sum()
    return f" ({share:.1f} % of the pixels are {_numbers(common)}: a lossy codec may have blurred these)"


def _common(pixels: Counts, values: Sequence[int]) -> list[int]:
    return [value for value in values if pixels[value] >= 0.01 * pixels.sum()]


def _ranges(pixels: Counts, values: Sequence[int]) -> str:
    """A label map with the range around each common value."""
    common = _common(pixels, values)
    if not 2 <= len(common) <= 8:
        return "0-127=background,128-255=instrument"
    ends = [*((low + high) // 2 for low, high in pairwise(common)), IGNORE]
    starts = [0, *(end + 1 for end in ends)]
    return ",".join(
        f"{start}-{end}={_name(number)}" for number, (start, end) in enumerate(zip(starts, ends, strict=False))
    )


def _name(number: int) -> str:
    return f"NAME{number}" if number else "background"


def _numbers(labels: Sequence[int]) -> str:
    more = f" and {len(labels) - _MAX_VALUES} more" if len(labels) > _MAX_VALUES else ""
    return ", ".join(map(str, labels[:_MAX_VALUES])) + more
