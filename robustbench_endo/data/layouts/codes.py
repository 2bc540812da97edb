"""From the values or colours that a mask is painted in to class indices, by look-up table."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from robustbench_endo.data.reading import read_colours, read_levels
from robustbench_endo.errors import DataError

Colour = tuple[int, int, int]

_UNKNOWN = 0
"""Tables hold index + 1, so that what nobody set is zero and large tables stay unwritten memory."""


def by_level(path: Path, values: Mapping[int, int]) -> Tensor:
    """Class indices of a grey mask, uint8 (H, W).

    Args:
        path: a single-channel picture, or RGB with three equal channels.
        values: grey value -> class index (255 = ignore).

    Raises:
        FrameError: the file is damaged or gone.
        DataError: a grey value that is not listed, or a coloured picture.
    """
    levels = read_levels(path)
    table = np.zeros(256, np.uint16)
    for value, index in values.items():
        table[value] = index + 1
    labels = table[levels]
    if (labels == _UNKNOWN).any():
        raise DataError(
            f"Expected the grey values {', '.join(map(str, sorted(values)))} in the mask {path}, found "
            f"{int(levels[labels == _UNKNOWN][0])}: use the masks as they were given out."
        )
    return torch.from_numpy((labels - 1).astype(np.uint8))


def by_colour(path: Path, palette: Mapping[Colour, int]) -> Tensor:
    """Class indices of a coloured mask, uint8 (H, W).

    Args:
        path: an RGB, RGBA (the alpha says nothing) or palette picture.
        palette: (red, green, blue) -> class index (255 = ignore).

    Raises:
        FrameError: the file is damaged or gone.
        DataError: a colour that is not listed.
    """
    pixels = read_colours(path).astype(np.uint32)
    packed = pixels[..., 0] << 16 | pixels[..., 1] << 8 | pixels[..., 2]
    labels = _table(tuple(palette.items()))[packed]
    if (labels == _UNKNOWN).any():
        first = int(packed[labels == _UNKNOWN][0])
        raise DataError(
            f"Expected the colours {', '.join(map(str, palette))} in the mask {path}, found "
            f"{(first >> 16, first >> 8 & 255, first & 255)}: use the masks as they were given out (PNG, not resized "
            "with interpolation)."
        )
    return torch.from_numpy((labels - 1).astype(np.uint8))


@lru_cache(maxsize=4)
def _table(palette: tuple[tuple[Colour, int], ...]) -> np.ndarray:
    table = np.zeros(1 << 24, np.uint16)
    for (red, green, blue), index in palette:
        table[red << 16 | green << 8 | blue] = index + 1
    return table
