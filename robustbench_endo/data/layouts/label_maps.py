"""Decoding of the grey values or colours of masks to class indices, and folders of the public data sets."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from robustbench_endo.data.file_listing import visible_folders
from robustbench_endo.data.reading import read_colours, read_levels
from robustbench_endo.data.text_files import read_text
from robustbench_endo.errors import DataError

Colour = tuple[int, int, int]

_UNKNOWN = 0
"""Tables contain index + 1, so that unset entries are zero and large tables remain unwritten memory."""


def decode_levels(path: Path, values: Mapping[int, int]) -> Tensor:
    """Class indices of a grey mask, uint8 (H, W).

    Args:
        path: an image with one channel, or RGB with three equal channels.
        values: grey value -> class index (255 = ignore).

    Raises:
        FrameError: the file is damaged or missing.
        DataError: a grey value without class index, or a coloured image.
    """
    levels = read_levels(path)
    table = np.zeros(256, np.uint16)
    for value, index in values.items():
        table[value] = index + 1
    labels = table[levels]
    if (labels == _UNKNOWN).any():
        raise DataError(
            f"Expected the grey values {', '.join(map(str, sorted(values)))} in the mask {path}, got "
            f"{int(levels[labels == _UNKNOWN][0])}: use the masks as they were published."
        )
    return torch.from_numpy((labels - 1).astype(np.uint8))


def decode_colours(path: Path, palette: Mapping[Colour, int]) -> Tensor:
    """Class indices of a coloured mask, uint8 (H, W).

    Args:
        path: an RGB, RGBA (the alpha is not used) or palette image.
        palette: (red, green, blue) -> class index (255 = ignore).

    Raises:
        FrameError: the file is damaged or missing.
        DataError: a colour without class index.
    """
    pixels = read_colours(path).astype(np.uint32)
    packed = pixels[..., 0] << 16 | pixels[..., 1] << 8 | pixels[..., 2]
    labels = _colour_table(tuple(palette.items()))[packed]
    if (labels == _UNKNOWN).any():
        first = int(packed[labels == _UNKNOWN][0])
        raise DataError(
            f"Expected the colours {', '.join(map(str, palette))} in the mask {path}, got "
            f"{(first >> 16, first >> 8 & 255, first & 255)}: use the masks as they were published (PNG, not resized "
            "with interpolation)."
        )
    return torch.from_numpy((labels - 1).astype(np.uint8))


@lru_cache(maxsize=4)
def _colour_table(palette: tuple[tuple[Colour, int], ...]) -> NDArray[np.uint16]:
    table = np.zeros(1 << 24, np.uint16)
    for (red, green, blue), index in palette:
        table[red << 16 | green << 8 | blue] = index + 1
    return table


SCENE: tuple[tuple[str, Colour], ...] = (
    ("background-tissue", (0, 0, 0)),
    ("instrument-shaft", (0, 255, 0)),
    ("instrument-clasper", (0, 255, 255)),
    ("instrument-wrist", (125, 255, 12)),
    ("kidney-parenchyma", (255, 55, 0)),
    ("covered-kidney", (24, 55, 125)),
    ("thread", (187, 155, 25)),
    ("clamps", (0, 255, 125)),
    ("suturing-needle", (255, 255, 125)),
    ("suction-instrument", (123, 15, 175)),
    ("small-intestine", (124, 155, 5)),
    ("ultrasound-probe", (12, 255, 141)),
)
"""Content of the labels.json of EndoVis 2018, in order of its classid."""


def read_palette(path: Path) -> tuple[tuple[str, Colour], ...]:
    """Names and colours of a labels.json, in order of classid.

    Both published forms are read: a list of ``{"name", "color", "classid"}``, and the same list under the key
    ``classes`` with a fourth, unused number in the colours.

    Raises:
        DataError: the file is no such list, or its classids are not 0, 1, 2, ...
    """
    try:
        content: Any = json.loads(read_text(path))
        items = content["classes"] if isinstance(content, dict) else content
        classes = sorted((int(item["classid"]), str(item["name"]), _colour(item["color"])) for item in items)
    except DataError:
        raise
    except (ValueError, KeyError, TypeError, RecursionError, OverflowError) as error:
        raise DataError(
            f'Expected a list of {{"name", "color", "classid"}} in {path}, got {error!r}: restore the file that came '
            "with the data, or remove it (the challenge's colours are known)."
        ) from error
    if [classid for classid, _, _ in classes] != list(range(len(classes))):
        raise DataError(
            f"Expected the classids 0, 1, 2, ... in {path}, got {[classid for classid, _, _ in classes]}: restore "
            "the file that came with the data."
        )
    return tuple((name, colour) for _, name, colour in classes)


def _colour(values: list[int]) -> Colour:
    red, green, blue = (int(value) for value in values[:3])
    if not all(0 <= value <= 255 for value in (red, green, blue)):
        raise ValueError(f"the colour {values}")
    return red, green, blue


def folders_with(root: Path, child: str, depth: int = 5) -> Iterator[Path]:
    """Every folder under ``root`` (included) that has a sub-folder ``child``, in order of names.

    Hidden folders, and those that macOS adds to archives (``__MACOSX``), are skipped: they contain files that are named
    like frames.
    """
    if (root / child).is_dir():
        yield root
    elif depth:
        for folder in visible_folders(root):
            yield from folders_with(folder, child, depth - 1)
