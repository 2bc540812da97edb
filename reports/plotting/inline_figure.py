"""Severity curves as one ``<svg>`` element for notebooks, which are light or dark without saying so."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from robustbench_endo.reports.data.curves import severity_curves
from robustbench_endo.reports.data.metrics import heading
from robustbench_endo.reports.html.svg import inline_svg
from robustbench_endo.reports.plotting.severity_curves import panels_figure, severity_figure
from robustbench_endo.reports.plotting.style import to_svg

if TYPE_CHECKING:
    from robustbench_endo.results import Results

MIDDLE = ("#3f74c9", "#d2561f", "#1a8f87", "#a84fa3", "#96721a", "#3585bf", "#96694a", "#7a7a7a")
"""The hues of the palette with a contrast of 3 or more on white and on near-black."""

MAX_CURVES = 60
"""Models x corruptions with a panel per corruption; more have only the mean of all, which stays small."""

_COORDINATES = re.compile(r'\b(?:d|x|y|transform)="[^"]*"')
_LONG_NUMBER = re.compile(r"-?\d+\.\d{3,}")

_THEME = "--ink:currentColor;--muted:currentColor;--line:rgba(128,128,128,.35);" + "".join(
    f"--m{index}:{colour};" for index, colour in enumerate(MIDDLE)
)


def inline_severity_curves(results: Results, metric: str) -> str:
    """The severity curves of a metric as HTML that needs neither styles nor scripts.

    A panel per corruption; a run with more than ``MAX_CURVES`` curves has the mean of all corruptions. Text has the
    colour of the page around it.

    Args:
        results: the run.
        metric: its name.

    Raises:
        RobustEndoError: a metric that the run does not have.
    """
    curves = severity_curves(results, metric)
    description = f"{heading(curves.metric)} against severity for each corruption: {', '.join(curves.styles)}"
    small = len(results.models) * len(results.corruptions) <= MAX_CURVES
    figure = panels_figure(curves) if small else severity_figure(curves)
    svg = inline_svg(to_svg(figure, f"notebook/{metric}"), description)
    return f'<div style="{_THEME}">{_COORDINATES.sub(_rounded, svg)}</div>'


def _rounded(attribute: re.Match[str]) -> str:
    """Coordinates to a hundredth of a point: half the characters of the figure."""
    return _LONG_NUMBER.sub(lambda number: f"{float(number.group()):.2f}", attribute.group())
