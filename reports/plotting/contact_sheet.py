"""A contact sheet: one image with a row per corruption and a column per severity."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import matplotlib as mpl
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from robustbench_endo.reports.formatting import title
from robustbench_endo.results.schema import CLEAN

Bytes = NDArray[np.uint8]
_GAP, _INK, _BACKGROUND = 4, "#1c2126", "#ffffff"


def corruption_sheet(images: Mapping[tuple[str, float], Bytes], width: int = 160) -> bytes:
    """Images of corruptions in a grid with their names.

    Args:
        images: (corruption, severity) -> uint8 (h, w, 3) RGB. Rows in the order in which corruptions first appear,
            columns by severity; a missing condition is left empty. ("clean", 0) is the first row.
        width: of one image, px.

    Returns:
        A PNG.

    Raises:
        ValueError: no images.
    """
    if not images:
        raise ValueError("Expected at least one image for a sheet, got none: pass (name, severity) -> image.")
    grid = _grid(images, width)
    sheet = Image.new("RGB", grid.size, _BACKGROUND)
    draw = ImageDraw.Draw(sheet)
    for column, severity in enumerate(grid.severities):
        middle = grid.corner(0, column)[0] + width // 2
        text = f"severity {severity}" if severity else "clean"
        draw.text((middle, grid.top // 2), text, _INK, grid.font, anchor="mm")
    for row, name in enumerate(grid.rows):
        x, y = grid.corner(row, 0)
        draw.text((x - 2 * _GAP, y + grid.height // 2), title(name), _INK, grid.font, anchor="rm")
        for column, severity in enumerate([0] if name == CLEAN else grid.severities):
            if (name, severity) in images:
                sheet.paste(_resized(images[name, severity], width), grid.corner(row, column))
    buffer = io.BytesIO()
    sheet.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


@dataclass(frozen=True)
class _Grid:
    rows: list[str]
    severities: list[float]
    width: int
    height: int
    margin: int
    top: int
    font: ImageFont.FreeTypeFont

    @property
    def size(self) -> tuple[int, int]:
        return self.corner(len(self.rows), len(self.severities))

    def corner(self, row: int, column: int) -> tuple[int, int]:
        return self.margin + column * (self.width + _GAP), self.top + row * (self.height + _GAP)


def _grid(images: Mapping[tuple[str, float], Bytes], width: int) -> _Grid:
    rows = list(dict.fromkeys(name for name, _ in images))
    severities = sorted({severity for name, severity in images if name != CLEAN}) or [0]
    height = max(round(image.shape[0] * width / image.shape[1]) for image in images.values())
    font = _font(max(11, width // 11))
    margin = int(max(font.getlength(title(name)) for name in rows)) + 4 * _GAP
    return _Grid(rows, severities, width, height, margin, int(font.size * 2), font)


def _resized(image: Bytes, width: int) -> Image.Image:
    height = max(1, round(image.shape[0] * width / image.shape[1]))
    return Image.fromarray(image).resize((width, height), Image.Resampling.LANCZOS)


def _font(size: int) -> ImageFont.FreeTypeFont:
    # This font comes with matplotlib: the sheet looks the same on every machine.
    return ImageFont.truetype(str(Path(mpl.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"), size)
