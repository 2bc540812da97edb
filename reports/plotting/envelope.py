"""Up to which severity each model is safe, corruption by corruption."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from ..content.endurance import SHARE, Endurance, endurance
from ..content.metrics import metric
from ..labels import title
from ..palette import model_styles
from .drawing import GRID, INK, MUTED
from .look import PLAIN, absent, add_legend, figure_of, names_on

if TYPE_CHECKING:
    from robustbench_endo.results import Bootstrap, Results

Reached = Sequence[Sequence[float]]
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
    held = endurance(results, share)
    label = "" if held is None else f"Keeps {100 * share:.0f} % of its clean {held.metric.label} up to severity"
    rows = [] if held is None else [name for name, _ in held.rows]
    return _figure(results, label, rows, _held(held))


def _held(held: Endurance | None) -> Reached:
    return [] if held is None else [[np.nan if s is None else float(s) for s in line] for _, line in held.rows]


def _figure(results: Results, label: str, names: Sequence[str], reached: Reached) -> Figure:
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
