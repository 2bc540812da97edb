"""The report as a PDF for A4 or Letter, set by typst; figures remain vector graphics."""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path
from types import ModuleType
from typing import Any

import matplotlib as mpl

from robustbench_endo.errors import OptionalDependencyError
from robustbench_endo.reports.data.report_data import ReportData
from robustbench_endo.reports.data.tables import DAGGER, FLOOR_ROW
from robustbench_endo.reports.palette import HEAT
from robustbench_endo.reports.pdf.compact import corruption_rows
from robustbench_endo.reports.pdf.failure_detection import failure_detection_part
from robustbench_endo.reports.pdf.figures import FigureFolder, drop_pages, figures, gallery_part
from robustbench_endo.reports.pdf.rankings import ranking_part
from robustbench_endo.reports.pdf.tables import report_tables
from robustbench_endo.reports.plotting.style import swatch, to_svg
from robustbench_endo.reports.stored_settings import settings_line

TEMPLATES = Path(__file__).parent / "templates"

PAGE_SIZES = {"a4": "a4", "letter": "us-letter"}
"""Page size -> its name in typst."""


def pdf(report: ReportData, page_size: str = "a4") -> bytes:
    """The report as a PDF, on ``a4`` or ``letter``.

    Every name reaches the template as data (JSON), never as typst source.

    Raises:
        OptionalDependencyError: the package typst is not installed.
    """
    typst = _typst()
    with tempfile.TemporaryDirectory(prefix="report-") as name:
        folder = Path(name)
        for template in TEMPLATES.glob("*.typ"):
            shutil.copy(template, folder)
        data = {**_text(report), **report_tables(report), **_figures(report, folder)}
        data["page_size"] = PAGE_SIZES[page_size]
        data["settings"] = settings_line({**report.settings, "page_size": page_size})
        (folder / "data.json").write_text(json.dumps(data), "utf-8")
        # DejaVu Sans comes with matplotlib: letters that the text font lacks look the same on every machine.
        fonts = str(Path(mpl.get_data_path()) / "fonts" / "ttf")
        document: bytes = typst.compile(str(folder / "report.typ"), root=name, font_paths=[fonts], format="pdf")
    return document


def _typst() -> ModuleType:
    try:
        import typst
    except ModuleNotFoundError as error:
        raise OptionalDependencyError(
            "Expected the package typst for a PDF report, got none: install robustbench-endo[report], "
            "or write report.html, which needs no further package."
        ) from error
    module: ModuleType = typst
    return module


def _text(report: ReportData) -> dict[str, Any]:
    return {
        "name": report.name,
        "subtitle": report.subtitle,
        "day": _date(report.day),
        "heat": HEAT,
        "dagger": DAGGER,
        "seed": report.seed,
        "severities": report.severities,
        "models": report.models,
        "summary": report.summary.text,
        "document": vars(report.document),
        "protocol": report.protocol,
        "notes": report.notes,
        "excluded": report.failures,
        "n_failed": report.n_failed,
        "intervals": report.scores.statement,
        "warning": report.scores.warning,
        "statement": report.estimates.statement if report.estimates else "",
        "sample": report.sample,
        "failure_notes": list(report.silent_failures.notes),
        "failure_definition": report.silent_failures.definition,
        "percentile": f"{report.silent_failures.percentile:g}",
        "no_failures": report.silent_failures.reason,
        "frame_score": report.frame_score,
        "provenance": report.provenance,
        "model_facts": report.model_facts,
        "corruptions": corruption_rows(report.corruptions),
        "glossary": report.glossary,
    }


def _figures(report: ReportData, folder: Path) -> dict[str, Any]:
    svg_folder = FigureFolder(folder)
    for index, style in enumerate(report.styles.values()):
        svg_folder.write(f"swatch{index}.svg", to_svg(swatch(style), f"swatch{index}"))
    grid = report.galleries[0] if report.galleries else None
    return {
        **figures(report, svg_folder),
        "rankings": ranking_part(report, svg_folder),
        "failure_detection": failure_detection_part(report, svg_folder),
        "gallery": gallery_part(grid, report.models, report.severities, folder, _hardest(report)) if grid else None,
        "legend": report.legend,
        "drops": drop_pages(report.drops, folder),
        "n_drops": len(report.drops),
        "command": report.drops[0].command if report.drops else "",
    }


def _hardest(report: ReportData) -> list[str]:
    """The corruptions by their effect, over all models and headline metrics, the hardest first."""
    rows = report.scores.subset(report.headline).with_rows(summary=False).rows
    conditions = [row for row in rows if row.kind != FLOOR_ROW]
    ordered = sorted(conditions, key=lambda row: -sum(cell.heat or 0 for cell in row.cells))
    return [row.keys["corruption"] for row in ordered]


def _date(day: str) -> list[int] | None:
    parts = day.split("-")
    return [int(part) for part in parts] if len(parts) == 3 and all(part.isdigit() for part in parts) else None
