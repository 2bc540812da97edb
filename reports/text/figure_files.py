"""Every figure of a run as PNG, SVG and PDF."""

from __future__ import annotations

import io
import re
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
from fontTools.ttLib import TTFont  # type: ignore[import-untyped]  # it comes with matplotlib
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_pdf import FigureCanvasPdf
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont, fontManager

from robustbench_endo.errors import RunError
from robustbench_endo.io_utils import write_atomically
from robustbench_endo.reports.data.confidence import reliability
from robustbench_endo.reports.data.curves import severity_curves
from robustbench_endo.reports.data.metrics import headline_present
from robustbench_endo.reports.plotting import (
    categories_figure,
    failures_figure,
    heat_figure,
    panels_figure,
    relative_figure,
    reliability_figure,
    severity_figures,
)
from robustbench_endo.reports.plotting.contact_sheet import corruption_sheet
from robustbench_endo.reports.plotting.style import to_svg
from robustbench_endo.results.schema import CLEAN

if TYPE_CHECKING:
    from robustbench_endo.results import Resampling, Results


DPI = 200

_FONT = "robustbench_endo figures"

_UNUSED_TABLES = ("GDEF", "GPOS", "GSUB", "MATH")


@contextmanager
def subset_font() -> Iterator[None]:
    """Inside, text is set in matplotlib's default font without its tables for complex scripts.

    matplotlib does not read those tables, but extracting the letters of a figure from the font takes half a second
    with them. Shapes, widths and kerning are the same.
    """
    with mpl.rc_context({"font.sans-serif": [_register_font(), *mpl.rcParams["font.sans-serif"]]}):
        yield


_font_lock = threading.Lock()


def _register_font() -> str:
    """Register the reduced font, regular and bold, with matplotlib, once per process; its name."""
    with _font_lock:  # two threads would register two fonts, and the folder of one would be deleted
        return _registered_font()


@cache
def _registered_font() -> str:
    # matplotlib reads the files whenever it embeds them, so they exist as long as the process.
    folder = Path(_folder().name)
    for weight in ("normal", "bold"):
        with TTFont(findfont(FontProperties(family="DejaVu Sans", weight=weight))) as font:
            for table in _UNUSED_TABLES:
                if table in font:
                    del font[table]
            for record in font["name"].names:
                if record.nameID in (1, 16):
                    record.string = _FONT
            font.save(folder / f"{weight}.ttf")
        fontManager.addfont(folder / f"{weight}.ttf")
    return _FONT


@cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="font-")


def write_figures(results: Results, folder: Path, intervals: bool | Resampling = False) -> list[Path]:
    """Write ``<figure>.png``, ``.svg`` and ``.pdf`` for each of :func:`figures`, and the contact sheet as PNG.

    Raises:
        RunError: the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    files: list[Path] = []
    for name, figure in figures(results, intervals):
        for suffix, data in _formats(name, figure):
            files.append(folder / f"{name}.{suffix}")
            write_atomically(files[-1], data)
    if (sheet := _contact_sheet(results)) is not None:
        files.append(folder / "contact-sheet.png")
        write_atomically(files[-1], sheet)
    return files


def figures(results: Results, intervals: bool | Resampling = False) -> Iterator[tuple[str, Figure]]:
    """(file name without suffix, figure), one at a time; those without numbers are missing."""
    metrics = headline_present(results)
    has_corruptions = bool(results.corruptions and results.severities)
    for name in metrics:
        yield f"heat-{_safe(name)}", heat_figure(results, name)
        yield f"categories-{_safe(name)}", categories_figure(results, name, intervals)
        if has_corruptions:
            curves = severity_curves(results, name, intervals)
            yield f"severity-{_safe(name)}-all", panels_figure(curves)
            for panel, figure in severity_figures(curves):
                yield f"severity-{_safe(name)}-{_safe(panel)}", figure
    for task in reversed(results.tasks):
        bins = reliability(results, task)
        if not bins.empty:
            yield f"calibration-{task.name}", reliability_figure(bins, results.models)
    if has_corruptions and metrics:
        yield "envelope", relative_figure(results)
    if metrics and (failures := _failures_figure(results)) is not None:
        yield "failures", failures


def _failures_figure(results: Results) -> Figure | None:
    try:
        return failures_figure(results)
    except RunError:
        # A model without clean frames has no confidence to compare with.
        return None


def _formats(name: str, figure: Figure) -> Iterator[tuple[str, bytes]]:
    yield "svg", to_svg(figure, name).encode()
    figure.set_dpi(DPI)
    buffer = io.BytesIO()
    # Type 42 embeds text as text, as journals require.
    with subset_font(), mpl.rc_context({"pdf.fonttype": 42}):
        canvas: Any = FigureCanvasPdf(figure)
        canvas.print_pdf(buffer, metadata={"CreationDate": None, "Producer": None})
    yield "pdf", buffer.getvalue()
    figure.set_dpi(DPI)
    buffer = io.BytesIO()
    canvas = FigureCanvasAgg(figure)
    canvas.print_png(buffer, metadata={"Software": None})
    yield "png", buffer.getvalue()


def _contact_sheet(results: Results) -> bytes | None:
    conditions = [(CLEAN, 0), *((name, severity) for name in results.corruptions for severity in results.severities)]
    for frame in results.gallery():
        images = {key: image for key in conditions if (image := frame.image(*key)) is not None}
        if images:
            return corruption_sheet({key: np.asarray(image) for key, image in images.items()})
    return None


def _safe(name: str) -> str:
    """The name of a metric or corruption as part of a file name."""
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", name).strip(".") or "unnamed"
