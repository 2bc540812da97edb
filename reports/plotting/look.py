"""What all figures share: thin axes, a model's own style, names that are text and never formulas."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ..palette import Style
from .drawing import GRID, INK, LOOK, MUTED

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
