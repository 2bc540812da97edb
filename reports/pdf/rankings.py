"""The rankings of a report for the typesetter: two figures side by side, and the table of methods."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from robustbench_endo.reports.data.rankings import RANKINGS_NOTE
from robustbench_endo.reports.pdf.tables import as_data
from robustbench_endo.reports.plotting.rankings import blob_figure, describe_rankings, significance_figure
from robustbench_endo.reports.plotting.style import to_svg

if TYPE_CHECKING:
    from robustbench_endo.reports.data.report_data import ReportData
    from robustbench_endo.reports.pdf.figures import FigureFolder

_TEXT_WIDTH = 6.69
"""Inches between the margins of A4."""


def ranking_part(report: ReportData, folder: FigureFolder) -> dict[str, Any] | None:
    """Files of the figures with their widths in inches, the table and the notes; None without rankings."""
    if report.rankings is None:
        return None
    rankings = report.rankings.rankings
    figures = (blob_figure(rankings), significance_figure(rankings))
    widths = [float(figure.get_size_inches()[0]) for figure in figures]
    scale = min(1.0, _TEXT_WIDTH / (sum(widths) + 0.2))
    files = [
        {
            "file": folder.write(f"rankings{index}.svg", to_svg(figure, f"rankings{index}")),
            "description": description,
            "width": scale * width,
        }
        for index, (figure, width, description) in enumerate(
            zip(figures, widths, describe_rankings(rankings), strict=True)
        )
    ]
    return {
        "metric": report.rankings.metric.label,
        "figures": files,
        "ranks": as_data(report.rankings.ranks, report.models),
        "note": " ".join((RANKINGS_NOTE, report.rankings.statement, *report.rankings.warnings)),
    }
