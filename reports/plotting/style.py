"""Style of all figures, without matplotlib's global state; and figures as reproducible SVG."""

from __future__ import annotations

import io
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from robustbench_endo.reports.palette import Style

INK, MUTED, GRID = "#1c2126", "#5b646d", "#dde1e5"

_LAYOUT_DPI = 300
"""Resolution at which the parts of a figure are positioned."""

BASE_STYLE: Any = {
    "font.size": 8.5,
    "axes.titlesize": 8.5,
    "axes.titlepad": 5,
    "axes.titlecolor": INK,
    "axes.labelcolor": MUTED,
    "axes.edgecolor": MUTED,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0,
}
"""Thin grey axes and dark lines, so that the data stand out."""

FIGURE_STYLE: Any = {**BASE_STYLE, "text.parse_math": False, "svg.fonttype": "none", "legend.frameon": False}
"""Settings for complete figures, in which names are never parsed as formulas."""

_LEGEND_ROW = 0.2
"""Inches."""


class NotebookFigure(Figure):
    """A figure with a representation in notebooks; it belongs to no window, so matplotlib would show none."""

    def _repr_png_(self) -> bytes:
        buffer = io.BytesIO()
        self.savefig(buffer, format="png", dpi=120)
        return buffer.getvalue()


def new_figure(width: float, height: float, models: int, rows: int = 1, columns: int = 1) -> tuple[Figure, Any]:
    """A figure with axes (rows, columns) and space below for a legend of so many models; sizes in inches."""
    with mpl.rc_context(FIGURE_STYLE):
        size = (width, height + _LEGEND_ROW * legend_rows(models, width))
        figure = NotebookFigure(figsize=size, layout="constrained")
        axes = figure.subplots(rows, columns, squeeze=False)
    return figure, axes


def axes_rectangle(
    size: tuple[float, float], left: float = 0.3, bottom: float = 0.2, right: float = 0.1, top: float = 0.1
) -> tuple[float, float, float, float]:
    """Axes with these margins in inches, as fractions of the figure: panels of one size are aligned."""
    width, height = size
    return left / width, bottom / height, 1 - (left + right) / width, 1 - (bottom + top) / height


def swatch(style: Style) -> Figure:
    """A model's line and marker, for legends outside of figures."""
    figure = Figure(figsize=(0.36, 0.14))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    axes.set_xlim(0, 2)
    axes.set_ylim(-1, 1)
    axes.plot([0.05, 1.95], [0, 0], color=style.light, linestyle=line_style(style), linewidth=1.6, clip_on=False)
    axes.plot([1], [0], color=style.light, marker=style.marker, markersize=4.5, clip_on=False)
    return figure


def to_svg(figure: Figure, salt: str) -> str:
    """A figure as SVG text: the same bytes for the same figure, text as text, no date, ids made from ``salt``."""
    buffer, dpi = io.StringIO(), figure.dpi
    patches = [patch for patch in (figure.patch, *(axes.patch for axes in figure.axes)) if patch.get_visible()]
    for patch in patches:
        patch.set_visible(False)
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": salt}), warnings.catch_warnings():
        # Text remains text: the reader's font may have a letter that the one of matplotlib lacks.
        warnings.filterwarnings("ignore", "Glyph .* missing from font")
        # Figure.savefig would draw everything twice.
        lay_out(figure)
        canvas: Any = FigureCanvasSVG(figure)
        canvas.print_svg(buffer, metadata={"Date": None, "Creator": None})
    for patch in patches:
        patch.set_visible(True)
    figure.set_dpi(dpi)
    return buffer.getvalue()


def lay_out(figure: Figure) -> Figure:
    """Position the parts of a figure once, so that drawing does not change them."""
    engine, dpi = figure.get_layout_engine(), figure.dpi
    if engine is not None:
        # At a coarse resolution letters are narrower than in print, and long names would be cut.
        figure.set_dpi(_LAYOUT_DPI)
        engine.execute(figure)
        figure.set_layout_engine("none")
        figure.set_dpi(dpi)
    return figure


def legend_rows(models: int, width: float) -> int:
    """Rows of a legend; none for a single model, which does not have to be distinguished."""
    return -(-models // legend_columns(width)) if models > 1 else 0


def legend_columns(width: float) -> int:
    """Names per row of a legend."""
    return max(1, int(width / 1.7))


def add_legend(figure: Figure, styles: Mapping[str, Style]) -> None:
    """Name the models below the figure, each with its line and marker."""
    if len(styles) < 2:
        return
    width = float(figure.get_size_inches()[0])
    with mpl.rc_context(FIGURE_STYLE):
        legend = figure.legend(
            handles=[legend_handle(style) for style in styles.values()],
            labels=[shorten(name) for name in styles],
            loc="outside lower center",
            ncols=min(len(styles), legend_columns(width)),
            fontsize=7.5,
            handlelength=2.6,
            borderpad=0.2,
            columnspacing=1.2,
        )
    for text in legend.get_texts():
        text.set_parse_math(False)
        text.set_color(INK)


def legend_handle(style: Style) -> Line2D:
    """A model's line and marker."""
    return Line2D([], [], color=style.light, linestyle=line_style(style), marker=style.marker, markersize=4, lw=1.4)


def line_style(style: Style) -> Any:
    """The dash of a style as matplotlib's ``linestyle``."""
    return (0, style.dash) if style.dash else "-"


def set_names(axis: Any, names: Sequence[str], size: float = 7.5, **options: Any) -> None:
    """Names as text at the positions 0, 1, ... of an axis."""
    axis.set_ticks(range(len(names)), labels=[""] * len(names))
    axis.set_ticklabels(list(names), fontsize=size, color=INK, parse_math=False, **options)


def light_grid(axes: Axes, axis: Any = "y") -> None:
    """Thin grey lines behind the data."""
    axes.grid(axis=axis, color=GRID, linewidth=0.6)
    axes.set_axisbelow(True)


def shorten(name: str, length: int = 26) -> str:
    """A name that fits a legend; its end is preserved, because it distinguishes models."""
    return name if len(name) <= length else f"…{name[1 - length :]}"


def mark_empty(axes: Axes, words: str = "no numbers") -> Artist:
    """Write into axes that there are no data."""
    axes.set_xticks([])
    axes.set_yticks([])
    return axes.text(0.5, 0.5, words, ha="center", va="center", color=MUTED, transform=axes.transAxes)
