"""The table of a run as one picture: corruptions down, models across, deeper orange where a model is worse."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from ..content.metrics import heading, metric
from ..content.table import HeatTable, heat_table
from ..palette import HEAT
from .drawing import INK, MUTED
from .look import PLAIN, figure_of, names_on, shortened

if TYPE_CHECKING:
    from robustbench_endo.results import Results

_COLOURS = LinearSegmentedColormap.from_list("heat", ["#ffffff", HEAT])
_DEEPEST = 0.75
"""Of the hue: the number on it stays readable."""


def heat_figure(results: Results, name: str, width: float = 0.0) -> Figure:
    """Table VII as a heat map of one metric; ``width`` in inches, 0 grows with the models.

    Raises:
        RobustEndoError: a metric that the run does not hold.
    """
    table = heat_table(results, (name,))
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


def _draw(axes: Axes, table: HeatTable) -> None:
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
        if row.kind in ("group", "mean"):
            axes.axhline(y - 0.5, color=MUTED, linewidth=0.5)
