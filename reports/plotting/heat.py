"""The table of a run as one picture: corruptions down, models across, deeper orange where a model is worse."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from robustbench_endo.reports.data.metrics import heading, metric
from robustbench_endo.reports.data.table import ScoreTable, score_table
from robustbench_endo.reports.formatting import title
from robustbench_endo.reports.palette import HEAT, model_styles
from robustbench_endo.reports.plotting.style import (
    INK,
    MUTED,
    PLAIN,
    add_legend,
    figure_of,
    names_on,
    quiet_grid,
    shortened,
)

if TYPE_CHECKING:
    from robustbench_endo.results import Bootstrap, Results


_COLOURS = LinearSegmentedColormap.from_list("heat", ["#ffffff", HEAT])

_DEEPEST = 0.75
"""Of the hue: the number on it stays readable."""


def heat_figure(results: Results, name: str, width: float = 0.0) -> Figure:
    """Table VII as a heat map of one metric; ``width`` in inches, 0 grows with the models.

    Raises:
        RobustEndoError: a metric that the run does not hold.
    """
    table = score_table(results, (name,))
    rows, models = len(table.rows), len(results.models)
    figure, ((axes,),) = figure_of(width or 2.2 + 0.8 * models, 0.9 + 0.185 * rows, 1)
    with mpl.rc_context(PLAIN):
        _draw(axes, table)
        axes.set_title(heading(metric(name)), loc="left", pad=8, parse_math=False)
        tilted: dict[str, Any] = {"rotation": 35, "ha": "left", "rotation_mode": "anchor"} if models > 3 else {}
        axes.xaxis.tick_top()
        names_on(axes.xaxis, [shortened(model) for model in results.models], **tilted)
        names_on(axes.yaxis, [("   " if row.kind == "corruption" else "") + row.label for row in table.rows])
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
    return figure


def _draw(axes: Axes, table: ScoreTable) -> None:
    heat = np.array([[math.nan if cell.heat is None else cell.heat for cell in row.cells] for row in table.rows])
    axes.imshow(_DEEPEST * heat, cmap=_COLOURS, vmin=0, vmax=1, aspect="auto", interpolation="nearest")
    for y, row in enumerate(table.rows):
        slanted = "normal" if row.kind == "corruption" else "italic"
        for x, cell in enumerate(row.cells):
            axes.text(
                x,
                y,
                cell.text,
                ha="center",
                va="center",
                fontsize=7,
                style=slanted,
                fontweight="bold" if cell.best else "normal",
                color=INK if math.isfinite(cell.value) else MUTED,
            )
        if row.kind in ("category", "mean"):
            axes.axhline(y - 0.5, color=MUTED, linewidth=0.5)


_NAMES = {"all": "Mean of all", "recorded": "Recorded conditions", "held_out": "Mean of held-out"}


def groups_figure(
    results: Results, name: str, intervals: bool | Bootstrap = False, size: tuple[float, float] = (5.2, 0.0)
) -> Figure:
    """A row for clean frames, each category's mean and the mean of all; a marker a model, its interval as a line.

    Args:
        name: the metric.
        size: inches without the legend; a height of 0 grows with rows and models.

    Raises:
        RobustEndoError: a metric that the run does not hold.
    """
    table = results.table((name,), intervals)[name]
    return groups_of(table, name, results.models, size)


def groups_of(table: pd.DataFrame, name: str, models: Sequence[str], size: tuple[float, float] = (5.2, 0.0)) -> Figure:
    """:func:`groups_figure` of a table that is there already.

    Args:
        table: rows as :meth:`Results.table`, columns models, or (model, part) with intervals.
    """
    intervals = table.columns.nlevels > 1
    keys = [key for key in table.index if key[0] in ("clean", "mean")]
    styles = model_styles(models)
    row = max(0.34, 0.065 * len(models) + 0.14)
    figure, ((axes,),) = figure_of(size[0], size[1] or 0.55 + row * len(keys), len(models))
    step = 0.8 / max(len(models), 3)
    with mpl.rc_context(PLAIN):
        for place, model in enumerate(models):
            y = np.arange(len(keys)) + (place - (len(models) - 1) / 2) * step
            parts = ("value", "low", "high") if intervals else ("value",)
            cells = [table.loc[keys, (model, part) if intervals else model].to_numpy(float) for part in parts]
            style = styles[model]
            if intervals:
                axes.hlines(y, cells[1], cells[2], color=style.light, linewidth=1)
            axes.plot(cells[0], y, linestyle="", marker=style.marker, markersize=4.5, color=style.light, label=model)
        names_on(axes.yaxis, [_label(*key) for key in keys])
        axes.set_ylim(len(keys) - 0.45, -0.55)
        axes.set_xlabel(heading(metric(name)), parse_math=False)
        axes.tick_params(axis="y", length=0)
        quiet_grid(axes, "x")
        for edge in range(1, len(keys)):
            axes.axhline(edge - 0.5, color="#dde1e5", linewidth=0.5, zorder=0)
        _limit(axes, metric(name).unit == "%")
    add_legend(figure, styles)
    return figure


def _limit(axes: mpl.axes.Axes, percent: bool) -> None:
    # A share is seen against all that it could be.
    if percent:
        low, high = axes.get_xlim()
        axes.set_xlim(min(low, 0), max(high, 100))
    else:
        axes.set_xlim(left=min(axes.get_xlim()[0], 0))


def _label(category: str, name: str) -> str:
    if category == "clean":
        return "Clean"
    return _NAMES.get(name, title(name))
