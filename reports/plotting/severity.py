"""A metric against severity: one panel, or all corruptions beside each other."""

from __future__ import annotations

from collections.abc import Iterator

import matplotlib as mpl
from matplotlib.figure import Figure

from ..content.curves import Curves
from ..content.metrics import heading
from ..labels import title
from .curves import draw_curves
from .drawing import MUTED, laid_out
from .look import PLAIN, add_legend, figure_of

_COLUMNS = 5


def severity_figure(curves: Curves, panel: str = "mean", size: tuple[float, float] = (5.2, 2.9)) -> Figure:
    """One panel, ``mean`` or a corruption, with axes and models named; ``size`` in inches, legend not counted."""
    figure, ((axes,),) = figure_of(*size, len(curves.styles))
    with mpl.rc_context(PLAIN):
        draw_curves(axes, curves, panel, large=True)
        # With a height of its own the title does not look for one at every drawing.
        axes.set_title(
            "Mean of all corruptions" if panel == "mean" else title(panel), loc="left", y=1, parse_math=False
        )
        axes.set_xlabel("Severity (0 = clean)")
        axes.set_ylabel(heading(curves.metric), parse_math=False)
    add_legend(figure, curves.styles)
    return figure


def severity_figures(curves: Curves) -> Iterator[tuple[str, Figure]]:
    """:func:`severity_figure` of every panel; they differ in lines and title alone, so they are laid out once."""
    place = None
    for panel in curves.lines:
        figure = severity_figure(curves, panel)
        if place is None:
            place = laid_out(figure).axes[0].get_position()
        figure.set_layout_engine("none")
        figure.axes[0].set_position(place)
        yield panel, figure


def panels_figure(curves: Curves, width: float = 7.2) -> Figure:
    """Every corruption, five beside each other, on one scale (Figure 6 of the paper); ``width`` in inches."""
    panels = [panel for panel in curves.lines if panel != "mean"] or ["mean"]
    columns = min(_COLUMNS, len(panels))
    rows = -(-len(panels) // columns)
    figure, grid = figure_of(width * columns / _COLUMNS + 0.4, 1.35 * rows + 0.3, len(curves.styles), rows, columns)
    with mpl.rc_context(PLAIN):
        for axes, panel in zip(grid.flat, panels, strict=False):
            draw_curves(axes, curves, panel)
            axes.set_title(title(panel), loc="left", y=1, fontsize=7.5, parse_math=False)
        for axes in list(grid.flat)[len(panels) :]:
            axes.set_axis_off()
        # A label of the figure would lie over the legend.
        grid[-1][(columns - 1) // 2].set_xlabel("Severity (0 = clean)", fontsize=8)
        figure.supylabel(heading(curves.metric), fontsize=8, color=MUTED)
    add_legend(figure, curves.styles)
    return figure
