"""How often a model fails, and how often nobody is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..palette import model_styles
from .look import PLAIN, absent, figure_of, names_on, quiet_grid, shortened

if TYPE_CHECKING:
    from robustbench_endo.results import Results

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
