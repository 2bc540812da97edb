"""A metric by group of corruptions: where each model is weak."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from ..content.metrics import heading, metric
from ..labels import title
from ..palette import model_styles
from .look import PLAIN, add_legend, figure_of, names_on, quiet_grid

if TYPE_CHECKING:
    from robustbench_endo.results import Bootstrap, Results

_NAMES = {"all": "Mean of all", "real": "Real conditions", "held_out": "Mean of held-out"}


def groups_figure(
    results: Results, name: str, intervals: bool | Bootstrap = False, size: tuple[float, float] = (5.2, 0.0)
) -> Figure:
    """A row for clean frames, each group's mean and the mean of all; a marker a model, its interval as a line.

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


def _label(group: str, name: str) -> str:
    if group == "clean":
        return "Clean"
    return _NAMES.get(name, title(name))
