"""Figures without matplotlib's global state, and as SVG whose bytes depend on nothing but the figure."""

from __future__ import annotations

import io
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

_FINE = 300
"""Dots an inch while the parts of a figure are placed."""

LOOK: Any = {
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
"""Thin grey axes, dark lines: what is measured stands out."""


def inches(
    size: tuple[float, float], left: float = 0.3, bottom: float = 0.2, right: float = 0.1, top: float = 0.1
) -> tuple[float, float, float, float]:
    """The axes rectangle that leaves these margins, in inches: panels of one size line up."""
    width, height = size
    return left / width, bottom / height, 1 - (left + right) / width, 1 - (bottom + top) / height


def swatch(style: Style) -> Figure:
    """A model's line and marker, for legends."""
    figure = Figure(figsize=(0.36, 0.14))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    axes.set_xlim(0, 2)
    axes.set_ylim(-1, 1)
    line = (0, style.dash) if style.dash else "-"
    axes.plot([0.05, 1.95], [0, 0], color=style.light, linestyle=line, linewidth=1.6, clip_on=False)
    axes.plot([1], [0], color=style.light, marker=style.marker, markersize=4.5, clip_on=False)
    return figure


def svg(figure: Figure, salt: str) -> str:
    """A figure as SVG text: the same bytes for the same figure, text kept as text, no date, ids made from ``salt``."""
    buffer, dpi = io.StringIO(), figure.dpi
    patches = [patch for patch in (figure.patch, *(axes.patch for axes in figure.axes)) if patch.get_visible()]
    for patch in patches:
        patch.set_visible(False)
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": salt}):
        # Figure.savefig would draw everything twice.
        laid_out(figure)
        canvas: Any = FigureCanvasSVG(figure)
        canvas.print_svg(buffer, metadata={"Date": None, "Creator": None})
    for patch in patches:
        patch.set_visible(True)
    figure.set_dpi(dpi)
    return buffer.getvalue()


def laid_out(figure: Figure) -> Figure:
    """The figure with its parts at their final places; done once, drawing changes nothing any more."""
    engine, dpi = figure.get_layout_engine(), figure.dpi
    if engine is not None:
        # Coarse pixels make letters narrower than they are in print: long names would be cut.
        figure.set_dpi(_FINE)
        engine.execute(figure)
        figure.set_layout_engine("none")
        figure.set_dpi(dpi)
    return figure


PLAIN: Any = {**LOOK, "text.parse_math": False, "svg.fonttype": "none", "legend.frameon": False}
"""The settings inside which figures are made."""

_LEGEND_ROW = 0.2
"""Inches."""


class Picture(Figure):
    """A figure that a notebook shows by itself: it belongs to no window, so matplotlib would not."""

    def _repr_png_(self) -> bytes:
        buffer = io.BytesIO()
        self.savefig(buffer, format="png", dpi=120)
        return buffer.getvalue()


def figure_of(width: float, height: float, models: int, rows: int = 1, columns: int = 1) -> tuple[Figure, Any]:
    """A figure with axes (rows, columns) and room below for a legend of so many models; sizes in inches."""
    with mpl.rc_context(PLAIN):
        figure = Picture(figsize=(width, height + _LEGEND_ROW * legend_rows(models, width)), layout="constrained")
        axes = figure.subplots(rows, columns, squeeze=False)
    return figure, axes


def legend_rows(models: int, width: float) -> int:
    """Rows of a legend; none for a single model, which a figure does not need to tell apart."""
    return -(-models // legend_columns(width)) if models > 1 else 0


def legend_columns(width: float) -> int:
    """Names that stand beside each other."""
    return max(1, int(width / 1.7))


def add_legend(figure: Figure, styles: Mapping[str, Style]) -> None:
    """Name the models below the figure, each with its line and marker."""
    if len(styles) < 2:
        return
    width = float(figure.get_size_inches()[0])
    with mpl.rc_context(PLAIN):
        legend = figure.legend(
            handles=[sample(style) for style in styles.values()],
            labels=[shortened(name) for name in styles],
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


def sample(style: Style) -> Line2D:
    """A model's line and marker."""
    return Line2D([], [], color=style.light, linestyle=line_style(style), marker=style.marker, markersize=4, lw=1.4)


def line_style(style: Style) -> Any:
    """Its dash as matplotlib wants it."""
    return (0, style.dash) if style.dash else "-"


def names_on(axis: Any, names: Sequence[str], size: float = 7.5, **options: Any) -> None:
    """Names at the places 0, 1, ... of an axis, as text."""
    axis.set_ticks(range(len(names)), labels=[""] * len(names))
    axis.set_ticklabels(list(names), fontsize=size, color=INK, parse_math=False, **options)


def quiet_grid(axes: Axes, axis: Any = "y") -> None:
    """Thin grey lines behind everything."""
    axes.grid(axis=axis, color=GRID, linewidth=0.6)
    axes.set_axisbelow(True)


def shortened(name: str, most: int = 26) -> str:
    """A name that fits a legend: its end tells models apart."""
    return name if len(name) <= most else f"…{name[1 - most :]}"


def absent(axes: Axes, words: str = "no numbers") -> Artist:
    """Say that there is nothing to draw."""
    axes.set_xticks([])
    axes.set_yticks([])
    return axes.text(0.5, 0.5, words, ha="center", va="center", color=MUTED, transform=axes.transAxes)
