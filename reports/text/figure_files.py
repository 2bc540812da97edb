"""Every figure of a run as PNG, SVG and PDF."""

from __future__ import annotations

import io
import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
from fontTools.ttLib import TTFont  # type: ignore[import-untyped]  # it comes with matplotlib
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_pdf import FigureCanvasPdf
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont, fontManager

from robustbench_endo.errors import RunError
from robustbench_endo.reports.data.calibration import TASKS, reliability
from robustbench_endo.reports.data.curves import severity_curves
from robustbench_endo.reports.data.metrics import headline_present
from robustbench_endo.reports.plotting import (
    calibration_figure,
    endurance_figure,
    groups_figure,
    heat_figure,
    panels_figure,
    severity_figures,
    silence_figure,
)
from robustbench_endo.reports.plotting.contact_sheet import corruption_sheet
from robustbench_endo.reports.plotting.style import svg
from robustbench_endo.results.io import write_whole
from robustbench_endo.results.schema import CLEAN

if TYPE_CHECKING:
    from robustbench_endo.results import Bootstrap, Results


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


DPI = 200


def write_figures(results: Results, folder: Path, intervals: bool | Bootstrap = False) -> list[Path]:
    """Write ``<figure>.png``, ``.svg`` and ``.pdf`` for each of :func:`figures`, whole, and the contact sheet as PNG.

    Raises:
        OSError: the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    files: list[Path] = []
    for name, figure in figures(results, intervals):
        for ending, data in _forms(name, figure):
            files.append(folder / f"{name}.{ending}")
            _write(files[-1], data)
    if (gallery_grid := _contact_sheet(results)) is not None:
        files.append(folder / "contact-sheet.png")
        _write(files[-1], gallery_grid)
    return files


def figures(results: Results, intervals: bool | Bootstrap = False) -> Iterator[tuple[str, Figure]]:
    """(file name without ending, figure), made one at a time; those that the run cannot fill are missing."""
    metrics = headline_present(results)
    damaged = bool(results.corruptions and results.severities)
    for name in metrics:
        yield f"heat-{_safe(name)}", heat_figure(results, name)
        yield f"categories-{_safe(name)}", groups_figure(results, name, intervals)
        if damaged:
            curves = severity_curves(results, name, intervals)
            yield f"severity-{_safe(name)}-all", panels_figure(curves)
            for panel, figure in severity_figures(curves):
                yield f"severity-{_safe(name)}-{_safe(panel)}", figure
    for task in TASKS:
        if any(line.answers.sum() for lines in reliability(results, task).values() for line in lines.values()):
            yield f"calibration-{task}", calibration_figure(results, task)
    if damaged and metrics:
        yield "envelope", endurance_figure(results)
    if metrics and (silent := _silence(results)) is not None:
        yield "failures", silent


def _silence(results: Results) -> Figure | None:
    try:
        return silence_figure(results)
    except RunError:
        # A model without clean frames has no yardstick of confidence.
        return None


def _forms(name: str, figure: Figure) -> Iterator[tuple[str, bytes]]:
    yield "svg", svg(figure, name).encode()
    figure.set_dpi(DPI)
    buffer = io.BytesIO()
    # Type 42: letters stay letters, and journals take it.
    with light_font(), mpl.rc_context({"pdf.fonttype": 42}):
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
        shown = {key: picture for key in conditions if (picture := frame.image(*key)) is not None}
        if shown:
            return corruption_sheet({key: np.asarray(picture) for key, picture in shown.items()})
    return None


def _write(path: Path, data: bytes) -> None:
    write_whole(path, _into(data))


def _into(data: bytes) -> Callable[[IO[bytes]], int]:
    return lambda file: file.write(data)


def _safe(name: str) -> str:
    """A metric's or corruption's name as a part of a file name."""
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", name).strip(".") or "unnamed"
