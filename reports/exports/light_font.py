"""A copy of the figures' font that is quick to embed."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import matplotlib as mpl
from fontTools.ttLib import TTFont  # type: ignore[import-untyped]  # it comes with matplotlib
from matplotlib.font_manager import FontProperties, findfont, fontManager

_NAME = "robustbench_endo figures"
_SCRIPTS = ("GDEF", "GPOS", "GSUB", "MATH")


@contextmanager
def light_font() -> Iterator[None]:
    """Inside, text is set in matplotlib's own font without its tables for complex scripts.

    matplotlib never reads those tables, but taking the letters of a figure out of the font takes half a second with
    them. Shapes, widths and kerning are the same.
    """
    with mpl.rc_context({"font.sans-serif": [_registered(), *mpl.rcParams["font.sans-serif"]]}):
        yield


@cache
def _registered() -> str:
    """Makes the copies, regular and bold, known to matplotlib, once a process, and gives their name."""
    # matplotlib reads the files whenever it embeds them: they live as long as the process.
    folder = Path(_folder().name)
    for weight in ("normal", "bold"):
        with TTFont(findfont(FontProperties(family="DejaVu Sans", weight=weight))) as font:
            for table in _SCRIPTS:
                if table in font:
                    del font[table]
            for record in font["name"].names:
                if record.nameID in (1, 16):
                    record.string = _NAME
            font.save(folder / f"{weight}.ttf")
        fontManager.addfont(folder / f"{weight}.ttf")
    return _NAME


@cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="font-")
