"""Failure detection for the typesetter: promises first, then a figure and a table per task."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from robustbench_endo.reports.data.failure_detection import FAILURE_DETECTION_NOTE, PROMISE_NOTE
from robustbench_endo.reports.pdf.tables import as_data, split
from robustbench_endo.reports.plotting.risk_coverage import describe_risk_coverage, risk_coverage_figure
from robustbench_endo.reports.plotting.style import to_svg

if TYPE_CHECKING:
    from robustbench_endo.reports.data.report_data import ReportData
    from robustbench_endo.reports.pdf.figures import FigureFolder

_TEXT_WIDTH = 6.69
"""Inches between the margins of A4."""

_COLUMNS = 4
"""Models per table: a cell has three numbers."""


def failure_detection_part(report: ReportData, folder: FigureFolder) -> dict[str, Any] | None:
    """Tables, files of figures with their widths in inches, and notes; None without failure detection."""
    part = report.failure_detection
    if part is None:
        return None
    tasks = []
    for curves, table in zip(part.curves, part.tables, strict=True):
        figure = risk_coverage_figure(curves)
        name = f"risk-coverage-{curves.task.name}"
        tasks.append(
            {
                "caption": table.caption,
                "file": folder.write(f"{name}.svg", to_svg(figure, name)),
                "description": describe_risk_coverage(curves),
                "width": min(_TEXT_WIDTH, float(figure.get_size_inches()[0])),
                "parts": split(table, report.models, _COLUMNS),
            }
        )
    return {
        "promises": [as_data(table, report.models) for table in part.promises],
        "promise_note": " ".join((PROMISE_NOTE, *part.warnings)),
        "tasks": tasks,
        "note": f"{FAILURE_DETECTION_NOTE} In this report {part.definition}.",
    }
