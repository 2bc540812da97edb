"""The figures of rankings inside a page, each in its natural width: on a phone they scroll."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from markupsafe import Markup

from robustbench_endo.reports.html.svg import inline_svg
from robustbench_endo.reports.plotting.rankings import blob_figure, describe_rankings, significance_figure
from robustbench_endo.reports.plotting.style import to_svg

if TYPE_CHECKING:
    from robustbench_endo.reports.data.report_data import ReportData

_PIXELS_PER_POINT = 4 / 3


class RankingFigure(NamedTuple):
    """A figure: its heading, its ``<svg>``, its width in CSS pixels."""

    label: str
    svg: Markup
    width: int


def ranking_figures(report: ReportData) -> list[RankingFigure]:
    """Shares of ranks, and significant pairs; none for a report without rankings."""
    if report.rankings is None:
        return []
    rankings = report.rankings.rankings
    descriptions = describe_rankings(rankings)
    figures = {"Share of each rank": blob_figure(rankings), "Significant pairs": significance_figure(rankings)}
    parts = []
    for (label, figure), description in zip(figures.items(), descriptions, strict=True):
        svg = inline_svg(to_svg(figure, f"rankings-{label}"), description)
        width = re.search(r'viewBox="0 0 ([\d.]+)', svg)
        parts.append(RankingFigure(label, svg, round(_PIXELS_PER_POINT * float(width[1])) if width else 0))
    return parts
