"""The report as a PDF, laid out for A4 or Letter by typst; figures stay vectors."""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path
from types import ModuleType
from typing import Any

import matplotlib as mpl

from robustbench_endo.errors import OptionalDependencyError
from robustbench_endo.reports.data.estimates import DAGGER
from robustbench_endo.reports.data.report_data import ReportData
from robustbench_endo.reports.palette import HEAT
from robustbench_endo.reports.pdf.figures import Folder, class_legend, figures, picture_pages, worst_pages
from robustbench_endo.reports.pdf.tables import matrices, tables
from robustbench_endo.reports.plotting.style import svg, swatch

TEMPLATES = Path(__file__).parent / "templates"

PAGE_SIZES = {"a4": "a4", "letter": "us-letter"}
"""Sizes of paper by our names and typst's."""

COMPACT = 3
"""Corruptions and models up to which chapters share pages."""


def pdf(c: ReportData, page_size: str = "a4") -> bytes:
    """The whole report as a PDF, on ``a4`` or ``letter``.

    Every name reaches the template as data (JSON), never as typst source.

    Raises:
        OptionalDependencyError: the typst package is not installed.
    """
    typst = _typst()
    with tempfile.TemporaryDirectory(prefix="report-") as name:
        folder = Path(name)
        for template in TEMPLATES.glob("*.typ"):
            shutil.copy(template, folder)
        data = {**_words(c), **matrices(c), **_pictures(c, folder), "page_size": PAGE_SIZES[page_size]}
        (folder / "data.json").write_text(json.dumps(data), "utf-8")
        # matplotlib carries DejaVu Sans: letters that the text font lacks look the same on every machine.
        fonts = str(Path(mpl.get_data_path()) / "fonts" / "ttf")
        made: bytes = typst.compile(str(folder / "report.typ"), root=name, font_paths=[fonts], format="pdf")
    return made


def _typst() -> ModuleType:
    try:
        import typst
    except ModuleNotFoundError as error:
        raise OptionalDependencyError(
            "Expected the package typst for a PDF report, got none: install robustbench-endo[report], "
            "or ask for report.html, which needs nothing more."
        ) from error
    module: ModuleType = typst
    return module


def _words(c: ReportData) -> dict[str, Any]:
    return {
        "name": c.name,
        "subtitle": c.subtitle,
        "compact": len(c.corruptions) <= COMPACT and len(c.models) <= COMPACT,
        "day": _day(c.day),
        "heat": HEAT,
        "dagger": DAGGER,
        "seed": c.seed,
        "severities": c.severities,
        "models": c.models,
        "summary": c.summary.text,
        "numbers": [vars(number) for number in c.summary.numbers],
        "protocol": c.protocol,
        "notes": c.notes,
        "failures": c.failures,
        "lost": c.lost,
        "intervals": c.table.intervals,
        "warning": c.table.warning,
        "statement": c.measured.statement if c.measured else "",
        "tables": tables(c.table, c.models, c.headline),
        "appendix": tables(c.table, c.models, [name for name in c.metrics if name not in c.headline]),
        "dice": f"{c.silent_failures.dice:g}",
        "quantile": f"{100 * c.silent_failures.quantile:g}",
        "no_silence": c.silent_failures.reason,
        "provenance": c.provenance,
        "model_facts": c.model_facts,
        "corruptions": [vars(facts) for facts in c.corruptions],
        "glossary": c.glossary,
    }


def _pictures(c: ReportData, folder: Path) -> dict[str, Any]:
    made = Folder(folder)
    for index, style in enumerate(c.styles.values()):
        made.write(f"swatch{index}.svg", svg(swatch(style), f"swatch{index}"))
    return {
        **figures(c, made),
        "sheet": picture_pages(c.gallery_grid, c.models, c.severities, folder, _hardest(c)) if c.gallery_grid else None,
        "legend": class_legend(c.gallery_grid, c.classes) if c.gallery_grid else [],
        "worst": worst_pages(c.worst, c.worst_shots, folder),
    }


def _hardest(c: ReportData) -> list[str]:
    """The corruptions by how hard they hit, over all models and headline metrics."""
    rows = [row for row in c.table.rows if row.kind == "corruption"]
    return [row.name for row in sorted(rows, key=lambda row: -sum(cell.heat or 0 for cell in row.cells))]


def _day(moment: str) -> list[int] | None:
    parts = moment.split("-")
    return [int(part) for part in parts] if len(parts) == 3 and all(part.isdigit() for part in parts) else None
