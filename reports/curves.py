"""Severity curves: how a metric falls from clean (0) to the strongest severity, one line a model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from robustbench_endo.results.quantities import Quantity

from .drawing import GRID, LOOK, inches
from .measured import mean_by_severity
from .metrics import heading, metric
from .palette import Style, model_styles

if TYPE_CHECKING:
    from robustbench_endo.results import Bootstrap, Results

Floats = NDArray[np.float64]
Lines = Mapping[str, Mapping[str, Floats]]


@dataclass(frozen=True)
class Curves:
    """A metric against severity.

    Attributes:
        metric: what falls.
        severities: x, 0 (clean) first.
        lines: panel -> model -> y (len(severities),), NaN where the condition is missing; the panel ``mean`` first.
        limits: y axis shared by all panels.
        styles: one a model.
        bands: panel -> model -> interval (2, len(severities)), NaN where there is none; empty without intervals.
    """

    metric: Quantity
    severities: tuple[int, ...]
    lines: Lines
    limits: tuple[float, float]
    styles: Mapping[str, Style]
    bands: Lines = field(default_factory=dict)


def severity_curves(results: Results, name: str, intervals: bool | Bootstrap = False) -> Curves:
    """The curves of one metric: the mean over corruptions, then one panel a corruption; with bands on request.

    Raises:
        RobustEndoError: a metric that the run does not hold.
        RunError: intervals of a run without frames.
    """
    _, scores = next(results.sampler(intervals).sampled([name]))
    single = scores.scored(lambda cube: cube.whole())
    mean = scores.scored(mean_by_severity)

    def panels(of_mean: Floats, of_each: Floats) -> dict[str, dict[str, Floats]]:
        arrays = {"mean": of_mean} | {panel: of_each[..., k, :] for k, panel in enumerate(results.corruptions)}
        return {
            panel: {model: values[..., place, :] for place, model in enumerate(results.models)}
            for panel, values in arrays.items()
        }

    ends = (np.stack((found.low, found.high)) for found in (mean, single))
    return Curves(
        metric(name),
        (0, *results.severities),
        panels(mean.value, single.value),
        _limits(single.value, metric(name)),
        model_styles(results.models),
        panels(*ends) if intervals else {},
    )


def _limits(values: Floats, quantity: Quantity) -> tuple[float, float]:
    finite = values[np.isfinite(values)]
    if not finite.size:
        return 0.0, 1.0
    low, high = min(0.0, float(finite.min())), float(finite.max())
    if quantity.unit == "%" and quantity.scale == 100:
        return low, max(100.0, high)
    return low, high * 1.05 or 1.0


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
