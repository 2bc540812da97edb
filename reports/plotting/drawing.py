"""Figures without matplotlib's global state, and as SVG whose bytes depend on nothing but the figure."""

from __future__ import annotations

import io
from typing import Any

import matplotlib as mpl
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from ..palette import Style

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
