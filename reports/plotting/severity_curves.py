"""Figures of severity curves: single panels for reports, and complete figures with legend."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from robustbench_endo.metrics.base import Metric
from robustbench_endo.reports.data.curves import Curves
from robustbench_endo.reports.data.metrics import heading
from robustbench_endo.reports.formatting import number, title
from robustbench_endo.reports.plotting.style import (
    BASE_STYLE,
    FIGURE_STYLE,
    GRID,
    MUTED,
    add_legend,
    axes_rectangle,
    lay_out,
    line_style,
    new_figure,
    shorten,
    to_svg,
)

LARGE, SMALL = (5.0, 2.5), (1.55, 1.15)
"""Inches; text remains readable from a phone (two panels per row) to A4 (five)."""

_COLUMNS = 5
_PANEL_HEIGHT = 0.98
_MEAN = "Mean of all corruptions"


@dataclass(frozen=True)
class Drawing:
    """A figure with its label, as SVG text, and as a text for screen readers."""

    label: str
    svg: str
    description: str


@dataclass(frozen=True)
class CurveBlock:
    """All drawings of one metric and the curves that they draw; the name of their dashed line, empty without one;
    whether some have grey areas."""

    metric: Metric
    curves: Curves
    mean: Drawing
    panels: tuple[Drawing, ...]
    floor_name: str = ""
    marks_severities: bool = False


def curve_block(curves: Curves) -> CurveBlock:
    """Draw the curves of a metric; a run without corruptions has a mean panel with only its axes."""
    drawings = {panel: _drawing(curves, panel) for panel in curves.lines}
    mean = drawings.pop("mean")
    panels = tuple(drawings.values())
    return CurveBlock(curves.metric, curves, mean, panels, curves.floor_name, bool(curves.plausible))


def small_multiples(curves: Curves, width: float) -> Figure:
    """The mean and every corruption as small panels with one scale, which only the first column and row name.

    Args:
        curves: of one metric.
        width: of the figure, in inches.
    """
    columns = min(_COLUMNS, len(curves.lines))
    rows = -(-len(curves.lines) // columns)
    with mpl.rc_context(FIGURE_STYLE):
        figure = Figure(figsize=(width * columns / _COLUMNS, _PANEL_HEIGHT * rows + 0.2), layout="constrained")
        grid = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
        for axes, panel in zip(grid.flat, curves.lines, strict=False):
            draw_curves(axes, curves, panel)
            name = _MEAN if panel == "mean" else title(panel)
            axes.set_title(shorten(name), loc="left", y=1, fontsize=7, parse_math=False)
        for axes in list(grid.flat)[len(curves.lines) :]:
            axes.set_axis_off()
        for axes in grid.flat:
            axes.tick_params(labelsize=6.5)
    return figure


def describe_curves(curves: Curves) -> str:
    """The mean over corruptions as text, and where the other numbers are."""
    mean = _description(curves, "mean", _MEAN)
    return f"{mean} One more panel for each corruption; their means are in the table of scores."


def curve_figure(curves: Curves, panel: str, size: tuple[float, float], *, large: bool = False) -> Figure:
    """One panel as a figure of ``size`` inches; a large one has names of axes.

    The report names panel and models outside of the figure: their names are user text, which matplotlib would parse
    as formulas.
    """
    with mpl.rc_context(BASE_STYLE):
        figure = Figure(figsize=size)
        axes = figure.add_axes(axes_rectangle(size, left=0.55, bottom=0.5) if large else axes_rectangle(size))
        draw_curves(axes, curves, panel, large=large)
        if large:
            axes.set_xlabel("Severity (0 = clean)")
            axes.set_ylabel(heading(curves.metric))
    return figure


def draw_curves(axes: Axes, curves: Curves, panel: str, *, large: bool = False) -> None:
    """Draw one panel: bands, the floor (dashed), implausible severities (grey), a line per model, the shared scale."""
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
            linestyle=line_style(style),
            marker=style.marker,
            linewidth=1.5 if large else 1,
            markersize=4 if large else 2.6,
            clip_on=False,
            label=model,
        )
    if panel in curves.floor:
        axes.plot(curves.severities, curves.floor[panel], color=MUTED, linewidth=0.8, linestyle=(0, (4, 3)), zorder=1)
    axes.set_ylim(*curves.limits)
    left, right = curves.severities[0] - 0.15, curves.severities[-1] + 0.15
    if panel in curves.plausible:
        low, high = curves.plausible[panel]
        # Grey from halfway between a plausible severity and the next one; the clean frame is always plausible.
        axes.axvspan(high + 0.5, max(right, high + 0.5), color=GRID, linewidth=0, zorder=0)
        axes.axvspan(0.5, max(low - 0.5, 0.5), color=GRID, linewidth=0, zorder=0)
    axes.set_xlim(left, right)
    axes.set_xticks(curves.severities)
    axes.locator_params(axis="y", nbins=6 if large else 3)
    axes.tick_params(labelsize=7.5 if large else 6.5, pad=2.5)
    axes.grid(axis="y", color=GRID, linewidth=0.6)
    axes.set_axisbelow(True)


def severity_figure(curves: Curves, panel: str = "mean", size: tuple[float, float] = (5.2, 2.9)) -> Figure:
    """One panel, ``mean`` or a corruption, with names of axes and models; ``size`` in inches without the legend."""
    figure, ((axes,),) = new_figure(*size, len(curves.styles))
    with mpl.rc_context(FIGURE_STYLE):
        draw_curves(axes, curves, panel, large=True)
        # With a fixed height the title is not positioned again at every drawing.
        axes.set_title(_MEAN if panel == "mean" else title(panel), loc="left", y=1, parse_math=False)
        axes.set_xlabel("Severity (0 = clean)")
        axes.set_ylabel(heading(curves.metric), parse_math=False)
    add_legend(figure, curves.styles)
    return figure


def severity_figures(curves: Curves) -> Iterator[tuple[str, Figure]]:
    """:func:`severity_figure` of every panel; the layout is computed once, because only lines and titles differ."""
    position = None
    for panel in curves.lines:
        figure = severity_figure(curves, panel)
        if position is None:
            position = lay_out(figure).axes[0].get_position()
        figure.set_layout_engine("none")
        figure.axes[0].set_position(position)
        yield panel, figure


def panels_figure(curves: Curves, width: float = 7.2) -> Figure:
    """Every corruption in a grid of five columns on one scale (Figure 6 of the paper); ``width`` in inches."""
    panels = [panel for panel in curves.lines if panel != "mean"] or ["mean"]
    columns = min(_COLUMNS, len(panels))
    rows = -(-len(panels) // columns)
    figure, grid = new_figure(width * columns / _COLUMNS + 0.4, 1.35 * rows + 0.3, len(curves.styles), rows, columns)
    with mpl.rc_context(FIGURE_STYLE):
        for axes, panel in zip(grid.flat, panels, strict=False):
            draw_curves(axes, curves, panel)
            axes.set_title(title(panel), loc="left", y=1, fontsize=7.5, parse_math=False)
        for axes in list(grid.flat)[len(panels) :]:
            axes.set_axis_off()
        # A label of the figure would overlap the legend.
        grid[-1][(columns - 1) // 2].set_xlabel("Severity (0 = clean)", fontsize=8)
        figure.supylabel(heading(curves.metric), fontsize=8, color=MUTED)
    add_legend(figure, curves.styles)
    return figure


def _drawing(curves: Curves, panel: str) -> Drawing:
    large = panel == "mean"
    figure = curve_figure(curves, panel, LARGE if large else SMALL, large=large)
    label = _MEAN if large else title(panel)
    return Drawing(label, to_svg(figure, f"{curves.metric.name}/{panel}"), _description(curves, panel, label))


def _description(curves: Curves, panel: str, label: str) -> str:
    lines = (
        f"{model}: {', '.join(number(float(value), curves.metric.unit) for value in values)}"
        for model, values in curves.lines[panel].items()
    )
    severities = ", ".join(map(str, curves.severities))
    text = f"{heading(curves.metric)}, {label}, at severities {severities}. {'; '.join(lines)}."
    if panel in curves.plausible:
        low, high = curves.plausible[panel]
        text += f" Grey: severities outside the plausible ones, {low} to {high}."
    if panel not in curves.floor:
        return text
    floor = ", ".join(number(float(value), curves.metric.unit) for value in curves.floor[panel])
    return f"{text} Dashed line, the floor ({curves.floor_name}): {floor}."
