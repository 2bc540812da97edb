"""A montage of real pairs with synthetic conditions of their clear frames, to look at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from robustbench_endo.errors import DataError
from robustbench_endo.realism.comparison import Synthesis
from robustbench_endo.realism.pairs import Pair
from robustbench_endo.realism.smoke_statistics import Bytes

_WIDTH = 280  # of a frame
_TITLE = 16  # height of the titles
_GAP = 2


def pair_montage(pairs: Sequence[Pair], conditions: Mapping[str, Synthesis]) -> Image.Image:
    """One row for each sequence: the clear frame, the real one and each synthetic condition of its first pair.

    Args:
        pairs: real pairs.
        conditions: name -> synthesis.
    """
    first = list({pair.sequence: pair for pair in reversed(pairs)}.values())[::-1]
    titles = ["clear", "real", *conditions]
    rows = [
        [pair.clear, pair.smoky, *(synthesis(pair.clear, pair.name) for synthesis in conditions.values())]
        for pair in first
    ]
    height = max(round(_WIDTH * frames[0].shape[0] / frames[0].shape[1]) for frames in rows)
    size = ((_WIDTH + _GAP) * len(titles), _TITLE + (height + _GAP) * len(rows))
    sheet = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(sheet)
    for column, title in enumerate(titles):
        draw.text(((_WIDTH + _GAP) * column + 4, 2), title, fill="black")
        for row, (pair, frames) in enumerate(zip(first, rows, strict=True)):
            corner = ((_WIDTH + _GAP) * column, _TITLE + (height + _GAP) * row)
            sheet.paste(_thumbnail(frames[column], height), corner)
            if column == 0:
                draw.text((corner[0] + 4, corner[1] + 4), pair.sequence, fill="white")
    return sheet


def _thumbnail(frame: Bytes, height: int) -> Image.Image:
    return Image.fromarray(np.ascontiguousarray(frame)).resize((_WIDTH, height), Image.Resampling.LANCZOS)


def save_montage(file: Path, sheet: Image.Image) -> None:
    """Write a montage.

    Raises:
        DataError: the file cannot be written, or has the suffix of no image format.
    """
    try:
        sheet.save(file)
    except (OSError, ValueError) as error:
        raise DataError(
            f"Cannot write the montage {file}: {error}. Give a .png file in a folder that exists."
        ) from error
