"""Figures of risk by coverage: a panel per model, clean and each severity as lines that darken with severity."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from robustbench_endo.metrics.aggregation import Floats
from robustbench_endo.reports.palette import LIGHT
from robustbench_endo.reports.plotting.style import FIGURE_STYLE, INK, MUTED, NotebookFigure, light_grid, shorten

if TYPE_CHECKING:
    from robustbench_endo.reports.data.failure_detection import RiskCurves

MAX_MODELS = 4
"""Panels, of the first models: more would not be readable in a row."""

POINTS = 100
"""Of a line at most."""

_OPACITY = (0.3, 0.45, 0.6, 0.8, 1.0)
"""Of severities 1 to 5: one hue, which follows the theme of a page; the clean line is dashed."""

_PANEL = (1.62, 1.45)
"""Inches."""


def risk_coverage_figure(curves: RiskCurves) -> Figure:
    """Risk (%) by coverage (%) of the first models of one task on one scale."""
    models = list(curves.lines)[:MAX_MODELS]
    severities = sorted({severity for model in models for severity in curves.lines[model]})
    size = (_PANEL[0] * len(models) + 0.3, _PANEL[1] + 0.45)
    with mpl.rc_context(FIGURE_STYLE):
        figure = NotebookFigure(figsize=size, layout="constrained")
        grid = figure.subplots(1, len(models), sharey=True, squeeze=False)[0]
        for axes, model in zip(grid, models, strict=True):
            for severity, (coverage, risk) in curves.lines[model].items():
                rows = drawn_points(coverage)
                axes.plot(coverage[rows], risk[rows], **_line(severity))
            axes.set_title(shorten(model, 24), loc="left", y=1, fontsize=7, parse_math=False)
            axes.set_xlim(0, 100)
            axes.tick_params(labelsize=6.5)
            axes.set_xlabel("Coverage (%)", fontsize=7)
            light_grid(axes)
        grid[0].set_ylim(bottom=0)
        grid[0].set_ylabel("Risk (%)", fontsize=7, color=MUTED)
        labels = ["clean" if severity == 0 else f"{severity:g}" for severity in severities]
        handles = [Line2D([], [], **_line(severity)) for severity in severities]
        figure.legend(
            handles, labels, loc="outside lower center", ncols=len(labels), fontsize=7, handlelength=1.4, labelcolor=INK
        )
    return figure


def drawn_points(coverage: Floats) -> NDArray[np.intp]:
    """The positions of the points of a line that are drawn: at most :data:`POINTS`, with both ends."""
    return np.unique(np.linspace(0, len(coverage) - 1, POINTS).round().astype(np.intp))


def describe_risk_coverage(curves: RiskCurves) -> str:
    """The risk of all frames and of the most confident half, for screen readers."""
    parts = []
    for model in list(curves.lines)[:MAX_MODELS]:
        numbers = [
            f"{_name(severity)} {risk[-1]:.1f} and {risk[(len(risk) - 1) // 2]:.1f}"
            for severity, (_, risk) in curves.lines[model].items()
        ]
        parts.append(f"{model}: {', '.join(numbers)}")
    return f"Risk of all frames and of the more confident half, in percent. {'; '.join(parts)}."


def _name(severity: float) -> str:
    return "clean" if severity == 0 else f"severity {severity:g}"


def _line(severity: float) -> dict[str, Any]:
    if severity == 0:
        return {"color": INK, "linestyle": (0, (4, 2)), "linewidth": 1.1}
    level = min(len(_OPACITY), max(1, round(severity)))
    return {"color": LIGHT[1], "alpha": _OPACITY[level - 1], "linewidth": 0.7 + 0.16 * level}
