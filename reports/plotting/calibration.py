"""Reliability diagrams: how often a model is right when it says how sure it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..content.reliability import Reliability, reliability
from ..palette import model_styles
from .drawing import MUTED
from .look import PLAIN, absent, add_legend, figure_of, line_style, quiet_grid

if TYPE_CHECKING:
    from robustbench_endo.results import Results

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
