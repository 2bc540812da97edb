"""Figures of rankings: shares of ranks as blobs, and which pairs of models are significant."""

from __future__ import annotations

from typing import TYPE_CHECKING

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from robustbench_endo.reports.palette import LIGHT
from robustbench_endo.reports.plotting.style import (
    FIGURE_STYLE,
    GRID,
    INK,
    MUTED,
    NotebookFigure,
    axes_rectangle,
    set_names,
    shorten,
)

if TYPE_CHECKING:
    from robustbench_endo.results import Rankings

MAX_MODELS = 20
"""Models of a figure, the best ones: more would not be readable."""

_CELL = 0.24
"""Inches of a row or column."""

_LETTER, _RANKS = 0.072, 0.22
"""Inches of a letter of a name, and of the line of ranks."""


def blob_figure(rankings: Rankings) -> Figure:
    """Models (rows) x ranks (columns): the area of a blob is the share of draws; one hue, so that only area counts.

    A line spans the interval of the ranks of a model, a short bar is its median.
    """
    names = rankings.models[:MAX_MODELS]
    figure, axes = _grid([f"{index}  {shorten(name)}" for index, name in enumerate(names, 1)])
    columns = np.arange(1, len(names) + 1)
    shares = rankings.distribution.loc[names, list(columns)].to_numpy(float)
    intervals = rankings.rank_intervals.loc[names]
    with mpl.rc_context(FIGURE_STYLE):
        rows = np.arange(len(names))
        last = len(names)
        low, high = (intervals[end].clip(upper=last).to_numpy(float) for end in ("low", "high"))
        axes.hlines(rows, low, high, color=MUTED, linewidth=0.9, zorder=1)
        y, x = np.nonzero(shares > 0)
        # Points squared; a share of 1 fills most of a cell.
        area = (_CELL * 72 * 0.86) ** 2
        axes.scatter(columns[x], y, s=area * shares[y, x], color=LIGHT[0], alpha=0.85, linewidths=0, zorder=2)
        median = intervals["median"].to_numpy(float)
        visible = median <= last
        axes.plot(median[visible], rows[visible], linestyle="", marker="|", markersize=7, color=INK, zorder=3)
    return figure


def significance_figure(rankings: Rankings) -> Figure:
    """Models x models: a cell is filled where the model of the row is significantly better than that of the column.

    Models have their numbers of :func:`blob_figure`, which is next to it.
    """
    names = rankings.models[:MAX_MODELS]
    figure, axes = _grid([str(index) for index in range(1, len(names) + 1)])
    better = rankings.pairs.set_index(["model", "other"])["better"]
    with mpl.rc_context(FIGURE_STYLE):
        for y, one in enumerate(names):
            for x, other in enumerate(names):
                if one == other:
                    axes.plot([x + 0.7, x + 1.3], [y - 0.3, y + 0.3], color=MUTED, linewidth=0.7)
                elif better[one, other]:
                    axes.add_patch(Rectangle((x + 0.58, y - 0.42), 0.84, 0.84, color=LIGHT[0], linewidth=0))
    return figure


def _grid(labels: list[str]) -> tuple[Figure, Axes]:
    """Axes with one row per label and as many columns, in cells of one size."""
    number = len(labels)
    names_width = 0.15 + _LETTER * max(map(len, labels))
    size = (names_width + _CELL * number + 0.08, _RANKS + _CELL * number + 0.05)
    figure = NotebookFigure(figsize=size)
    with mpl.rc_context(FIGURE_STYLE):
        axes = figure.add_axes(axes_rectangle(size, names_width, _RANKS, 0.08, 0.05))
        set_names(axes.yaxis, labels)
        axes.set_ylim(number - 0.5, -0.5)
        axes.set_xlim(0.5, number + 0.5)
        axes.set_xticks(range(1, number + 1))
        axes.tick_params(length=0)
        axes.tick_params(axis="x", labelsize=7)
        for edge in range(number + 1):
            axes.axhline(edge - 0.5, color=GRID, linewidth=0.5, zorder=0)
            axes.axvline(edge + 0.5, color=GRID, linewidth=0.5, zorder=0)
        axes.spines[:].set_visible(False)
    return figure, axes


def describe_rankings(rankings: Rankings) -> tuple[str, str]:
    """What the two figures show, for readers who cannot see them."""
    intervals = rankings.rank_intervals[:MAX_MODELS]
    ranks = "; ".join(
        f"{row.Index}: rank {row.rank}" + ("" if np.isnan(row.low) else f", {row.low:.0f} to {row.high:.0f}")
        for row in intervals.itertuples()
    )
    better = rankings.pairs[rankings.pairs["better"]]
    pairs = "; ".join(f"{row.model} better than {row.other}" for row in better.itertuples())
    return f"Ranks with intervals. {ranks}.", f"Significant pairs. {pairs or 'None'}."
