"""``results.plot``: the figures of a run by name; and the table of scores as figures."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from robustbench_endo.errors import RobustEndoError, UnknownNameError
from robustbench_endo.metrics.base import Metric
from robustbench_endo.reports.data.curves import severity_curves
from robustbench_endo.reports.data.metrics import heading, leading_metric
from robustbench_endo.reports.data.scores import score_table
from robustbench_endo.reports.data.tables import FLOOR_ROW, Table
from robustbench_endo.reports.palette import HEAT, model_styles
from robustbench_endo.reports.plotting.diagnostics import (
    calibration_figure,
    envelope_figure,
    failures_figure,
    relative_figure,
)
from robustbench_endo.reports.plotting.severity_curves import panels_figure, severity_figure
from robustbench_endo.reports.plotting.style import (
    FIGURE_STYLE,
    GRID,
    INK,
    MUTED,
    add_legend,
    light_grid,
    new_figure,
    set_names,
    shorten,
)

if TYPE_CHECKING:
    from robustbench_endo.results import Resampling, Results

_COLOURS = LinearSegmentedColormap.from_list("heat", ["#ffffff", HEAT])

_MAX_INTENSITY = 0.75
"""Of the hue: the number on it remains readable."""


class Plots:
    """The figures of one run, each a new ``matplotlib.figure.Figure`` that belongs to no window.

    A model has the same colour, dash and marker in all of them. ``metric`` is any metric of the run, by default its
    leading one.
    """

    def __init__(self, results: Results) -> None:
        self._results = results

    def __call__(
        self, metric: str | None = None, corruption: str | None = None, intervals: bool | Resampling = False
    ) -> Figure:
        """The severity curves: :meth:`severity`."""
        return self.severity(metric, corruption, intervals)

    def severity(
        self, metric: str | None = None, corruption: str | None = None, intervals: bool | Resampling = False
    ) -> Figure:
        """A metric against severity.

        Args:
            metric: its name.
            corruption: a corruption, ``mean`` for the mean of all, None for one panel per corruption.
            intervals: whether, and how, to draw bands.

        Raises:
            UnknownNameError: a corruption that is not in the run.
            RobustEndoError: a metric that the run does not have.
        """
        curves = severity_curves(self._results, self._metric(metric), intervals)
        if corruption is None:
            return panels_figure(curves)
        if corruption not in curves.lines:
            raise UnknownNameError(
                f"Expected a corruption of the run, got {corruption!r}: choose from {', '.join(curves.lines)}."
            )
        return severity_figure(curves, corruption)

    def categories(self, metric: str | None = None, intervals: bool | Resampling = False) -> Figure:
        """A metric on clean frames and by category of corruptions."""
        return categories_figure(self._results, self._metric(metric), intervals)

    def heat(self, metric: str | None = None) -> Figure:
        """The table of a metric as a heat map: corruptions x models."""
        return heat_figure(self._results, self._metric(metric))

    def calibration(self, task: str | None = None) -> Figure:
        """Accuracy against confidence.

        Args:
            task: name of a task of the run; None for the leading one.

        Raises:
            UnknownNameError: a task that is not in the run.
        """
        tasks = {each.name: each for each in self._results.tasks}
        name = task or self._results.tasks[-1].name
        if name not in tasks:
            raise UnknownNameError(f"Expected a task of the run, got {name!r}: choose from {', '.join(tasks)}.")
        return calibration_figure(self._results, tasks[name])

    def envelope(self, thresholds: Mapping[str, float] | None = None, intervals: bool | Resampling = True) -> Figure:
        """Up to which severity each model is safe.

        Args:
            thresholds: metric -> threshold as in ``Results.envelope``; None for 90 % of the model's own clean score,
                counted above the floor.
            intervals: how to compute the intervals.
        """
        if thresholds is None:
            return relative_figure(self._results)
        return envelope_figure(self._results, thresholds, intervals)

    def failures(self, thresholds: Mapping[str, float] | None = None) -> Figure:
        """How often each task fails under corruption, and how often silently; thresholds as ``Results.failures``."""
        return failures_figure(self._results, thresholds)

    def inline_svg(self, metric: str | None = None) -> str:
        """The severity curves as an ``<svg>`` element for a light or dark page."""
        from robustbench_endo.reports.plotting.inline_figure import inline_severity_curves

        return inline_severity_curves(self._results, self._metric(metric))

    def __repr__(self) -> str:
        names = "severity, categories, heat, calibration, envelope, failures"
        return f"Plots({names}): call one, such as .severity('miou'); .plot() draws the severity curves"

    def _metric(self, name: str | None) -> str:
        if name is not None:
            return name
        metric = leading_metric(self._results)
        if metric is None:
            raise RobustEndoError("Expected a run with scores to draw, got none: its frames have no labels.")
        return metric.name


def heat_figure(results: Results, metric: str, width: float = 0.0) -> Figure:
    """Table VII as a heat map of one metric; ``width`` in inches, 0 grows with the number of models.

    Raises:
        RobustEndoError: a metric that the run does not have.
    """
    table = score_table(results, [metric])
    n_models = len(results.models)
    figure, ((axes,),) = new_figure(width or 2.2 + 0.8 * n_models, 0.9 + 0.185 * len(table.rows), 1)
    with mpl.rc_context(FIGURE_STYLE):
        _draw(axes, table)
        axes.set_title(heading(results.metric(metric)), loc="left", pad=8, parse_math=False)
        tilted: dict[str, Any] = {"rotation": 35, "ha": "left", "rotation_mode": "anchor"} if n_models > 3 else {}
        axes.xaxis.tick_top()
        set_names(axes.xaxis, [shorten(model) for model in results.models], **tilted)
        set_names(axes.yaxis, [("   " if row.kind.indent else "") + row.label for row in table.rows])
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
    return figure


def _draw(axes: Axes, table: Table) -> None:
    heat = np.array([[math.nan if cell.heat is None else cell.heat for cell in row.cells] for row in table.rows])
    axes.imshow(_MAX_INTENSITY * heat, cmap=_COLOURS, vmin=0, vmax=1, aspect="auto", interpolation="nearest")
    for y, row in enumerate(table.rows):
        for x, cell in enumerate(row.cells):
            axes.text(
                x,
                y,
                cell.text,
                ha="center",
                va="center",
                fontsize=7,
                style="italic" if row.kind.italic else "normal",
                fontweight="bold" if cell.strong else "normal",
                color=INK if math.isfinite(cell.value) else MUTED,
            )
        if row.kind.rule and y:
            axes.axhline(y - 0.5, color=MUTED, linewidth=0.5)


def categories_figure(
    results: Results, metric: str, intervals: bool | Resampling = False, size: tuple[float, float] = (5.2, 0.0)
) -> Figure:
    """Clean frames, the mean of each category and the mean of all; a marker per model, its interval as a line.

    Args:
        results: the run.
        metric: its name.
        intervals: whether, and how, to compute intervals.
        size: inches without the legend; a height of 0 grows with rows and models.

    Raises:
        RobustEndoError: a metric that the run does not have.
    """
    return categories_figure_of(score_table(results, [metric], intervals), results.metric(metric), size)


def categories_figure_of(table: Table, metric: Metric, size: tuple[float, float] = (5.2, 0.0)) -> Figure:
    """:func:`categories_figure` of the table of scores."""
    summary = table.subset([metric.name]).with_rows(summary=True)
    rows, models = summary.rows, summary.models
    styles = model_styles(models)
    height = max(0.34, 0.065 * len(models) + 0.14)
    figure, ((axes,),) = new_figure(size[0], size[1] or 0.55 + height * len(rows), len(models))
    step = 0.8 / max(len(models), 3)
    with mpl.rc_context(FIGURE_STYLE):
        for index, model in enumerate(models):
            y = np.arange(len(rows)) + (index - (len(models) - 1) / 2) * step
            cells = [row.cells[index] for row in rows]
            style = styles[model]
            axes.hlines(y, [c.low for c in cells], [c.high for c in cells], color=style.light, linewidth=1)
            values = [cell.value for cell in cells]
            axes.plot(values, y, linestyle="", marker=style.marker, markersize=4.5, color=style.light, label=model)
        set_names(axes.yaxis, [row.label for row in rows])
        axes.set_ylim(len(rows) - 0.45, -0.55)
        axes.set_xlabel(heading(metric), parse_math=False)
        axes.tick_params(axis="y", length=0)
        light_grid(axes, "x")
        for edge in range(1, len(rows)):
            axes.axhline(edge - 0.5, color=GRID, linewidth=0.5, zorder=0)
        _draw_floor(axes, table.subset([metric.name]), metric)
        _set_limits(axes, metric.upper_bound)
    add_legend(figure, styles)
    return figure


def _draw_floor(axes: Axes, table: Table, metric: Metric) -> None:
    """The floor of the mean as a dashed line."""
    floors = [row.cells[0].value for row in table.rows if row.kind == FLOOR_ROW]
    if floors and np.isfinite(floors[0]):
        axes.axvline(floors[0], color=MUTED, linewidth=0.8, linestyle=(0, (4, 3)), zorder=1)
        axes.set_xlabel(f"{heading(metric)}; dashed: floor", parse_math=False)


def _set_limits(axes: Axes, upper_bound: float | None) -> None:
    """A proportion is shown on its full range, any other metric from 0."""
    low, high = axes.get_xlim()
    axes.set_xlim(min(low, 0), high if upper_bound is None else max(high, upper_bound))
