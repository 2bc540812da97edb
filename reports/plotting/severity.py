"""A metric against severity: one panel, or all corruptions beside each other."""

from __future__ import annotations

import matplotlib as mpl
from matplotlib.figure import Figure

from ..curves import Curves, draw_curves
from ..labels import title
from ..metrics import heading
from .look import PLAIN, add_legend, figure_of

_COLUMNS = 5


def severity_figure(curves: Curves, panel: str = "mean", size: tuple[float, float] = (5.2, 2.9)) -> Figure:
    """One panel, ``mean`` or a corruption, with axes and models named; ``size`` in inches, legend not counted."""
    figure, ((axes,),) = figure_of(*size, len(curves.styles))
    with mpl.rc_context(PLAIN):
        draw_curves(axes, curves, panel, large=True)
        axes.set_title("Mean of all corruptions" if panel == "mean" else title(panel), loc="left", parse_math=False)
        axes.set_xlabel("Severity (0 = clean)")
        axes.set_ylabel(heading(curves.metric), parse_math=False)
    add_legend(figure, curves.styles)
    return figure


def panels_figure(curves: Curves, width: float = 7.2) -> Figure:
    """Every corruption, five beside each other, on one scale (Figure 6 of the paper); ``width`` in inches."""
    panels = [panel for panel in curves.lines if panel != "mean"] or ["mean"]
    columns = min(_COLUMNS, len(panels))
    rows = -(-len(panels) // columns)
    figure, grid = figure_of(width * columns / _COLUMNS + 0.4, 1.35 * rows + 0.3, len(curves.styles), rows, columns)
    with mpl.rc_context(PLAIN):
        for axes, panel in zip(grid.flat, panels, strict=False):
            draw_curves(axes, curves, panel)
            axes.set_title(title(panel), loc="left", fontsize=7.5, parse_math=False)
        for axes in list(grid.flat)[len(panels) :]:
            axes.set_axis_off()
        # A label of the figure would lie over the legend.
        grid[-1][(columns - 1) // 2].set_xlabel("Severity (0 = clean)", fontsize=8)
        figure.supylabel(heading(curves.metric), fontsize=8)
    add_legend(figure, curves.styles)
    return figure
