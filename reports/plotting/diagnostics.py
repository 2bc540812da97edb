"""Up to which severity each model is safe, corruption by corruption."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from robustbench_endo.reports.data.calibration import Reliability, reliability
from robustbench_endo.reports.data.metrics import metric
from robustbench_endo.reports.data.operating_envelope import RETAINED_SHARE as SHARE
from robustbench_endo.reports.data.operating_envelope import RelativeRobustness, relative_robustness
from robustbench_endo.reports.formatting import title
from robustbench_endo.reports.palette import model_styles
from robustbench_endo.reports.plotting.style import (
    GRID,
    INK,
    MUTED,
    PLAIN,
    absent,
    add_legend,
    figure_of,
    line_style,
    names_on,
    quiet_grid,
    shortened,
)

if TYPE_CHECKING:
    from robustbench_endo.results import Bootstrap, Results


EnvelopeCell = Sequence[Sequence[float]]
"""A row a corruption, a number a model: severity, 0 for clean frames only, -1 for not even those, NaN for unknown."""


def envelope_figure(results: Results, require: Mapping[str, float], intervals: bool | Bootstrap = True) -> Figure:
    """The largest severity that clears every threshold with the bad end of its interval, see ``Results.envelope``.

    Raises:
        RobustEndoError: no threshold, one outside its range, or a metric that the run does not hold.
    """
    found = results.envelope(require, intervals).set_index(["corruption", "model"])["severity"]
    reached = [
        [-1.0 if pd.isna(severity) else float(severity) for severity in found.loc[name].reindex(results.models)]
        for name in results.corruptions
    ]
    words = " and ".join(_requirement(name, threshold) for name, threshold in require.items())
    return _figure(results, f"Safe up to severity: {words}", [title(name) for name in results.corruptions], reached)


def endurance_figure(results: Results, share: float = SHARE) -> Figure:
    """The strongest severity up to which a model keeps ``share`` of its own clean score: a point estimate."""
    held = relative_robustness(results, share)
    label = "" if held is None else f"Keeps {100 * share:.0f} % of its clean {held.metric.label} up to severity"
    rows = [] if held is None else [name for name, _ in held.rows]
    return _figure(results, label, rows, _held(held))


def _held(held: RelativeRobustness | None) -> EnvelopeCell:
    return [] if held is None else [[np.nan if s is None else float(s) for s in line] for _, line in held.rows]


def _figure(results: Results, label: str, names: Sequence[str], reached: EnvelopeCell) -> Figure:
    styles, models = model_styles(results.models), results.models
    row = max(0.2, 0.07 * len(models) + 0.06)
    figure, ((axes,),) = figure_of(5.2, 0.9 + row * len(names), len(models))
    top = max(results.severities, default=1)
    with mpl.rc_context(PLAIN):
        axes.set_title(label, loc="left", parse_math=False)
        if not names:
            absent(axes)
            return figure
        step = 0.76 / max(len(models), 3)
        for place, model in enumerate(models):
            values = np.array([line[place] for line in reached], float)
            y = np.arange(len(names)) + (place - (len(models) - 1) / 2) * step
            style = styles[model]
            axes.hlines(y, -1, values, color=style.light, linewidth=1, alpha=0.45)
            axes.plot(values, y, linestyle="", marker=style.marker, markersize=3.8, color=style.light, clip_on=False)
        names_on(axes.yaxis, names)
        axes.set_ylim(len(names) - 0.45, -0.55)
        axes.set_xlim(-1, top + 0.1)
        ticks = [-1, 0, *results.severities]
        axes.set_xticks(ticks, ["none", "clean", *map(str, results.severities)], color=INK, fontsize=7.5)
        axes.tick_params(axis="y", length=0)
        axes.grid(axis="x", color=GRID, linewidth=0.6)
        axes.axvline(0, color=MUTED, linewidth=0.6)
        axes.set_axisbelow(True)
    add_legend(figure, styles)
    return figure


def _requirement(name: str, threshold: float) -> str:
    quantity = metric(name)
    sign = "≥" if quantity.higher_is_better else "≤"
    return f"{quantity.label} {sign} {threshold * quantity.scale:g} {quantity.unit}".strip()


_TASKS = {"segmentation": "Masks", "activity": "Activities"}


def silence_figure(results: Results, dice: float = 0.5, width: float = 6.4) -> Figure:
    """Failures of each task under the mean of all corruptions: pale in all, full where silent; ``width`` in inches.

    A mask fails below a Dice of ``dice``, an activity where it is wrong.

    Raises:
        RobustEndoError: a threshold outside its range.
        RunError: a model without records on clean frames, whose confidence is the yardstick.
    """
    failed = results.failures(dice)
    row = ("mean", "all") if ("mean", "all") in failed.index else ("clean", "clean")
    shares = failed.loc[row]
    tasks = [task for task in _TASKS if np.isfinite(shares[f"{task}_failed"].to_numpy(float)).any()]
    figure, (panels,) = figure_of(width, 0.85 + 0.24 * len(results.models), 1, columns=max(1, len(tasks)))
    with mpl.rc_context(PLAIN):
        if not tasks:
            absent(panels[0])
        for axes, task in zip(panels, tasks, strict=False):
            _bars(axes, shares[f"{task}_failed"], shares[f"{task}_silent"], results.models)
            axes.set_title(f"{_TASKS[task]}: failures, silent ones full", loc="left")
        for axes in panels[1 : len(tasks)]:
            axes.set_yticklabels([])
    return figure


def _bars(axes: Axes, failed: pd.Series, silent: pd.Series, models: list[str]) -> None:
    styles, places = model_styles(models), np.arange(len(models))
    colours = [styles[model].light for model in models]
    for values, opacity in ((failed, 0.3), (silent, 1.0)):
        axes.barh(places, values[models].to_numpy(float), 0.62, color=colours, alpha=opacity, linewidth=0)
    for y, model in enumerate(models):
        if not np.isfinite(failed[model]):
            axes.text(1, y, "–", va="center")
    names_on(axes.yaxis, [shortened(model) for model in models])
    axes.set_ylim(len(models) - 0.4, -0.6)
    axes.set_xlim(0, 100)
    axes.set_xlabel("Share of frames (%)")
    axes.tick_params(axis="y", length=0)
    quiet_grid(axes, "x")


_FEW = 0.002
"""Share of all answers below which a bin is noise and not drawn."""

_WHAT = {"segmentation": "pixels", "activity": "frames"}


def calibration_figure(results: Results, task: str = "segmentation", size: tuple[float, float] = (5.2, 2.6)) -> Figure:
    """Share that is right against confidence, clean beside corrupted; on the diagonal a model knows what it knows.

    Args:
        task: ``segmentation`` or ``activity``.
        size: inches without the legend.

    Raises:
        RobustEndoError: another task.
    """
    return reliability_figure(reliability(results, task), task, results.models, size)


def reliability_figure(
    found: Mapping[str, Mapping[str, Reliability]],
    task: str,
    models: Sequence[str],
    size: tuple[float, float] = (5.2, 2.6),
) -> Figure:
    """:func:`calibration_figure` of bins that are counted already, by :func:`..reliability.reliability`."""
    figure, (panels,) = figure_of(*size, len(models), columns=2)
    with mpl.rc_context(PLAIN):
        for axes, (name, lines) in zip(panels, found.items(), strict=True):
            _draw(axes, lines, models)
            axes.set_title(f"{name} {_WHAT[task]}", loc="left")
            axes.set_xlabel("Confidence (%)")
        panels[0].set_ylabel("Right (%)")
        panels[1].set_yticklabels([])
    add_legend(figure, model_styles(models))
    return figure


def _draw(axes: Axes, lines: Mapping[str, Reliability], models: Sequence[str]) -> None:
    if not any(line.answers.sum() for line in lines.values()):
        absent(axes)
        return
    axes.plot([0, 100], [0, 100], color=MUTED, linewidth=0.7, linestyle=(0, (1, 2)))
    for model, style in model_styles(models).items():
        line = lines[model]
        drawn = line.answers > _FEW * line.answers.sum()
        axes.plot(
            line.confidence[drawn],
            line.right[drawn],
            color=style.light,
            linestyle=line_style(style),
            marker=style.marker,
            markersize=3,
            linewidth=1.2,
            label=model,
        )
    axes.set_xlim(0, 102)
    axes.set_ylim(0, 102)
    quiet_grid(axes)
