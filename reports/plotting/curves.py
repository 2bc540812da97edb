"""Severity curves drawn: one panel, alone or into axes that somebody else laid out."""

from __future__ import annotations

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..content.curves import Curves
from ..content.metrics import heading
from .drawing import GRID, LOOK, inches


def curve_figure(curves: Curves, panel: str, size: tuple[float, float], *, large: bool = False) -> Figure:
    """One panel as a figure of ``size`` inches; a large one names its axes.

    Panel and models are named by whoever shows it: their names are user text, which matplotlib
    would read as formulas.
    """
    with mpl.rc_context(LOOK):
        figure = Figure(figsize=size)
        axes = figure.add_axes(inches(size, left=0.55, bottom=0.5) if large else inches(size))
        draw_curves(axes, curves, panel, large=large)
        if large:
            axes.set_xlabel("Severity (0 = clean)")
            axes.set_ylabel(heading(curves.metric))
    return figure


def draw_curves(axes: Axes, curves: Curves, panel: str, *, large: bool = False) -> None:
    """One panel into axes: bands below, a line a model, the scale that all panels share."""
    # Many bands over each other would hide the lines.
    opacity = 0.16 if len(curves.styles) <= 4 else 0.05
    for model, (low, high) in curves.bands.get(panel, {}).items():
        axes.fill_between(curves.severities, low, high, color=curves.styles[model].light, alpha=opacity, linewidth=0)
    for model, values in curves.lines[panel].items():
        style = curves.styles[model]
        axes.plot(
            curves.severities,
            values,
            color=style.light,
            linestyle=(0, style.dash) if style.dash else "-",
            marker=style.marker,
            linewidth=1.5 if large else 1,
            markersize=4 if large else 2.6,
            clip_on=False,
            label=model,
        )
    axes.set_ylim(*curves.limits)
    axes.set_xlim(curves.severities[0] - 0.15, curves.severities[-1] + 0.15)
    axes.set_xticks(curves.severities)
    axes.locator_params(axis="y", nbins=6 if large else 3)
    axes.tick_params(labelsize=7.5 if large else 6.5, pad=2.5)
    axes.grid(axis="y", color=GRID, linewidth=0.6)
    axes.set_axisbelow(True)
