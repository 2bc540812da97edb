"""The severity curves of a report as drawings: the mean large, one small panel a corruption."""

from __future__ import annotations

from dataclasses import dataclass

from robustbench_endo.results.quantities import Quantity

from ..content.curves import Curves
from ..content.metrics import heading
from ..labels import number, title
from .curves import curve_figure
from .drawing import svg

LARGE, SMALL = (5.0, 2.5), (1.55, 1.15)
"""Inches; text stays readable from a phone (two panels beside each other) to A4 (five)."""


@dataclass(frozen=True)
class Drawing:
    """A figure: what it shows, as SVG text, and told in words for those who hear it."""

    label: str
    svg: str
    words: str


@dataclass(frozen=True)
class CurveBlock:
    """All drawings of one metric."""

    metric: Quantity
    mean: Drawing
    panels: tuple[Drawing, ...]


def curve_block(curves: Curves) -> CurveBlock:
    """Draw the curves of a metric; a run without corruptions has a mean panel with nothing but its axes."""
    drawings = {panel: _drawing(curves, panel) for panel in curves.lines}
    mean = drawings.pop("mean")
    return CurveBlock(curves.metric, mean, tuple(drawings.values()))


def _drawing(curves: Curves, panel: str) -> Drawing:
    large = panel == "mean"
    figure = curve_figure(curves, panel, LARGE if large else SMALL, large=large)
    label = "Mean of all corruptions" if large else title(panel)
    return Drawing(label, svg(figure, f"{curves.metric.name}/{panel}"), _words(curves, panel, label))


def _words(curves: Curves, panel: str, label: str) -> str:
    lines = (
        f"{model}: {', '.join(number(float(value), curves.metric.unit) for value in values)}"
        for model, values in curves.lines[panel].items()
    )
    severities = ", ".join(map(str, curves.severities))
    return f"{heading(curves.metric)}, {label}, at severities {severities}. {'; '.join(lines)}."
