"""Names of mask labels where nobody gave them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from torch import Tensor

from robustbench_endo.types import IGNORE


def listed_classes(folder: Path) -> tuple[str, ...] | None:
    """The names in ``classes.txt``, one a line, background first; None without that file."""
    listed = folder / "classes.txt"
    if not listed.is_file():
        return None
    return tuple(line.strip() for line in listed.read_text("utf-8").splitlines() if line.strip())


def numbered_classes(highest: int) -> tuple[str, ...]:
    """``background, class 1, ...`` up to a label, at least two of them."""
    return ("background", *(f"class {index}" for index in range(1, max(1, highest) + 1)))


def highest_label(masks: Iterable[Tensor | None]) -> int:
    """The largest label but 255 = ignore of masks uint8 (H, W); 0 without any."""
    return max((int(mask.masked_fill(mask == IGNORE, 0).max()) for mask in masks if mask is not None), default=0)
