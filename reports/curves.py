"""Severity curves: how a metric falls from clean (0) to the strongest severity, one line a model."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from robustbench_endo.results.quantities import Quantity

from .drawing import GRID, LOOK, inches
from .metrics import heading, metric
from .palette import Style, model_styles

if TYPE_CHECKING:
    from robustbench_endo.results import Results

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Curves:
    """A metric against severity.

    Attributes:
        metric: what falls.
        severities: x, 0 (clean) first.
        lines: panel -> model -> y (len(severities),), NaN where the condition is missing; the panel ``mean`` first.
        limits: y axis shared by all panels.
        styles: one a model.
    """

    metric: Quantity
    severities: tuple[int, ...]
    lines: Mapping[str, Mapping[str, Floats]]
    limits: tuple[float, float]
    styles: Mapping[str, Style]


def severity_curves(results: Results, name: str) -> Curves:
    """The curves of one metric: the mean over corruptions, then one panel a corruption."""
    scores = results.scores()
    keys = zip(scores["model"], scores["corruption"], scores["severity"], strict=True)
    known = dict(zip(keys, scores[name].to_numpy(float), strict=True))
    severities = (0, *results.severities)

    def line(model: str, panel: str) -> Floats:
        conditions = [(model, "clean" if severity == 0 else panel, severity) for severity in severities]
        return np.array([known.get(condition, math.nan) for condition in conditions])

    panels = {panel: {model: line(model, panel) for model in results.models} for panel in results.corruptions}
    lines = {"mean": _mean(panels, results.models, len(severities)), **panels}
    limits = _limits(np.array(list(known.values())), metric(name))
    return Curves(metric(name), severities, lines, limits, model_styles(results.models))


def _mean(panels: Mapping[str, Mapping[str, Floats]], models: Sequence[str], length: int) -> dict[str, Floats]:
    def mean(model: str) -> Floats:
        stack = np.array([panel[model] for panel in panels.values()]).reshape(-1, length)
        # A severity counts only where every corruption has it: a mean over other corruptions is another mean.
        return stack.mean(axis=0) if len(stack) else np.full(length, math.nan)

    return {model: mean(model) for model in models}


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
        _draw(axes, curves, panel, large)
        if large:
            axes.set_xlabel("Severity (0 = clean)")
            axes.set_ylabel(heading(curves.metric))
    return figure


def _draw(axes: Axes, curves: Curves, panel: str, large: bool) -> None:
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
        )
    axes.set_ylim(*curves.limits)
    axes.set_xlim(curves.severities[0] - 0.15, curves.severities[-1] + 0.15)
    axes.set_xticks(curves.severities)
    axes.locator_params(axis="y", nbins=6 if large else 3)
    axes.tick_params(labelsize=7.5 if large else 6.5, pad=2.5)
    axes.grid(axis="y", color=GRID, linewidth=0.6)
    axes.set_axisbelow(True)
