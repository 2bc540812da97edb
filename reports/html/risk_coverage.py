"""The figures of risk by coverage inside a page, each in its natural width: on a phone they scroll."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from markupsafe import Markup

from robustbench_endo.reports.html.svg import inline_svg
from robustbench_endo.reports.plotting.risk_coverage import describe_risk_coverage, risk_coverage_figure
from robustbench_endo.reports.plotting.style import to_svg

if TYPE_CHECKING:
    from robustbench_endo.reports.data.report_data import ReportData

_PIXELS = 120
"""CSS pixels per inch: letters of 7 points are then as large as captions."""


class RiskCoverageFigure(NamedTuple):
    """A figure: its task, its ``<svg>``, its width in CSS pixels."""

    label: str
    svg: Markup
    width: int


def risk_coverage_figures(report: ReportData) -> list[RiskCoverageFigure]:
    """One figure per task with failures; none for a report without failure detection."""
    if report.failure_detection is None:
        return []
    parts = []
    for curves in report.failure_detection.curves:
        figure = risk_coverage_figure(curves)
        svg = inline_svg(to_svg(figure, f"risk-coverage-{curves.task.name}"), describe_risk_coverage(curves))
        parts.append(RiskCoverageFigure(curves.task.plural, svg, round(_PIXELS * float(figure.get_size_inches()[0]))))
    return parts
