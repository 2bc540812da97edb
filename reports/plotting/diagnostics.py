"""Figures of ranges, failures and calibration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from robustbench_endo.reports.data.confidence import Reliability, TaskReliability, reliability
from robustbench_endo.reports.data.operating_envelope import (
    RETAINED_FRACTION,
    describe_thresholds,
    relative_robustness,
)
from robustbench_endo.reports.formatting import MISSING, title
from robustbench_endo.reports.palette import model_styles
from robustbench_endo.reports.plotting.style import (
    FIGURE_STYLE,
    GRID,
    INK,
    MUTED,
    add_legend,
    light_grid,
    line_style,
    mark_empty,
    new_figure,
    set_names,
    shorten,
)
from robustbench_endo.tasks.base import Task

if TYPE_CHECKING:
    from robustbench_endo.results import Resampling, Results

Severities = Sequence[Sequence[float]]
"""Corruptions x models: severity, 0 for clean frames only, -1 for not even those, NaN for unknown."""


def envelope_figure(results: Results, thresholds: Mapping[str, float], intervals: bool | Resampling = True) -> Figure:
    """The largest severity at which a model clears every threshold, see ``Results.envelope``.

    Raises:
        RobustEndoError: no threshold, one outside its range, or a metric that the run does not have.
    """
    envelope = results.envelope(thresholds, intervals).set_index(["corruption", "model"])["severity"]
    severities = [
        [-1.0 if pd.isna(severity) else float(severity) for severity in envelope.loc[name].reindex(results.models)]
        for name in results.corruptions
    ]
    label = f"Safe up to severity: {describe_thresholds(results, thresholds)}"
    return _severity_figure(results, label, [title(name) for name in results.corruptions], severities)


def relative_figure(results: Results, fraction: float = RETAINED_FRACTION) -> Figure:
    """The strongest severity up to which a model retains a fraction of its clean score above the floor."""
    relative = relative_robustness(results, fraction)
    if relative is None:
        return _severity_figure(results, "", [], [])
    above = f" above {relative.floor}" if relative.floor else ""
    label = f"Retains {100 * fraction:.0f} % of its clean {relative.metric.label}{above} up to severity"
    rows = relative.table.rows
    return _severity_figure(
        results, label, [row.label for row in rows], [[cell.value for cell in row.cells] for row in rows]
    )


def _severity_figure(results: Results, label: str, names: Sequence[str], severities: Severities) -> Figure:
    styles, models = model_styles(results.models), results.models
    row = max(0.2, 0.07 * len(models) + 0.06)
    figure, ((axes,),) = new_figure(5.2, 0.9 + row * len(names), len(models))
    with mpl.rc_context(FIGURE_STYLE):
        axes.set_title(label, loc="left", parse_math=False)
        if not names:
            mark_empty(axes)
            return figure
        step = 0.76 / max(len(models), 3)
        for index, model in enumerate(models):
            values = np.array([line[index] for line in severities], float)
            y = np.arange(len(names)) + (index - (len(models) - 1) / 2) * step
            style = styles[model]
            axes.hlines(y, -1, values, color=style.light, linewidth=1, alpha=0.45)
            axes.plot(values, y, linestyle="", marker=style.marker, markersize=3.8, color=style.light, clip_on=False)
        _set_severity_axes(axes, names, results.severities)
    add_legend(figure, styles)
    return figure


def _set_severity_axes(axes: Axes, names: Sequence[str], severities: Sequence[float]) -> None:
    set_names(axes.yaxis, names)
    axes.set_ylim(len(names) - 0.45, -0.55)
    axes.set_xlim(-1, max(severities, default=1) + 0.1)
    axes.set_xticks([-1, 0, *severities], ["none", "clean", *map(str, severities)], color=INK, fontsize=7.5)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x", color=GRID, linewidth=0.6)
    axes.axvline(0, color=MUTED, linewidth=0.6)
    axes.set_axisbelow(True)


def failures_figure(results: Results, thresholds: Mapping[str, float] | None = None, width: float = 6.4) -> Figure:
    """Failures of each task under the mean of all corruptions: all in a light colour, silent ones in full.

    Args:
        results: the run.
        thresholds: as :meth:`Results.failures`.
        width: inches.

    Raises:
        RobustEndoError: a threshold outside its range.
        RunError: a model without records on clean frames.
    """
    failures = results.failures(thresholds)
    row = ("mean", "all") if ("mean", "all") in failures.index else ("clean", "clean")
    rates = failures.loc[row]
    tasks = [
        task for task in reversed(results.tasks) if np.isfinite(rates[f"{task.name}_failed"].to_numpy(float)).any()
    ]
    figure, (panels,) = new_figure(width, 0.85 + 0.24 * len(results.models), 1, columns=max(1, len(tasks)))
    with mpl.rc_context(FIGURE_STYLE):
        if not tasks:
            mark_empty(panels[0])
        for axes, task in zip(panels, tasks, strict=False):
            _draw_bars(axes, rates[f"{task.name}_failed"], rates[f"{task.name}_silent"], results.models)
            axes.set_title(f"{task.plural.capitalize()}: failures (dark: silent)", loc="left")
        for axes in panels[1 : len(tasks)]:
            axes.set_yticklabels([])
    return figure


def _draw_bars(axes: Axes, failed: pd.Series, silent: pd.Series, models: list[str]) -> None:
    styles, positions = model_styles(models), np.arange(len(models))
    colours = [styles[model].light for model in models]
    for values, opacity in ((failed, 0.3), (silent, 1.0)):
        axes.barh(positions, values[models].to_numpy(float), 0.62, color=colours, alpha=opacity, linewidth=0)
    for y, model in enumerate(models):
        if not np.isfinite(failed[model]):
            axes.text(1, y, MISSING, va="center")
    set_names(axes.yaxis, [shorten(model) for model in models])
    axes.set_ylim(len(models) - 0.4, -0.6)
    axes.set_xlim(0, 100)
    axes.set_xlabel("Frames (%)")
    axes.tick_params(axis="y", length=0)
    light_grid(axes, "x")


def calibration_figure(results: Results, task: Task, size: tuple[float, float] = (5.2, 2.6)) -> Figure:
    """Accuracy against confidence, on clean and on corrupted frames; on the diagonal a model is calibrated.

    Args:
        results: the run.
        task: of the predictions.
        size: inches without the legend.
    """
    return reliability_figure(reliability(results, task), results.models, size)


def reliability_figure(bins: TaskReliability, models: Sequence[str], size: tuple[float, float] = (5.2, 2.6)) -> Figure:
    """:func:`calibration_figure` of bins that are computed already."""
    figure, (panels,) = new_figure(*size, len(models), columns=2)
    with mpl.rc_context(FIGURE_STYLE):
        for axes, (name, lines) in zip(panels, bins.by_frames.items(), strict=True):
            _draw_reliability(axes, lines, models)
            axes.set_title(f"{name} {bins.task.unit_noun}", loc="left")
            axes.set_xlabel("Confidence (%)")
        panels[0].set_ylabel("Correct (%)")
        panels[1].set_yticklabels([])
    add_legend(figure, model_styles(models))
    return figure


def _draw_reliability(axes: Axes, lines: Mapping[str, Reliability], models: Sequence[str]) -> None:
    if not any(line.visible.any() for line in lines.values()):
        mark_empty(axes)
        return
    axes.plot([0, 100], [0, 100], color=MUTED, linewidth=0.7, linestyle=(0, (1, 2)))
    for model, style in model_styles(models).items():
        line = lines[model]
        axes.plot(
            line.confidence[line.visible],
            line.accuracy[line.visible],
            color=style.light,
            linestyle=line_style(style),
            marker=style.marker,
            markersize=3,
            linewidth=1.2,
            label=model,
        )
    axes.set_xlim(0, 102)
    axes.set_ylim(0, 102)
    light_grid(axes)
