"""The report as a PDF, laid out for A4 by typst; figures stay vectors."""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path
from types import ModuleType
from typing import Any

import matplotlib as mpl

from robustbench_endo.errors import OptionalDependencyError

from .content import Content
from .drawing import svg, swatch
from .figures import CurveBlock, Drawing
from .metrics import heading
from .palette import HEAT
from .pdf_pictures import class_legend, picture_pages
from .pdf_tables import overview, tables

TEMPLATES = Path(__file__).parent / "templates"
_FONT = "Libertinus Serif"


def pdf(c: Content) -> bytes:
    """The whole report as a PDF.

    Every name reaches the template as data (JSON), never as typst source.

    Raises:
        OptionalDependencyError: the typst package is not installed.
    """
    typst = _typst()
    with tempfile.TemporaryDirectory(prefix="report-") as name:
        folder = Path(name)
        for template in TEMPLATES.glob("*.typ"):
            shutil.copy(template, folder)
        (folder / "data.json").write_text(json.dumps(_data(c, folder)), "utf-8")
        # matplotlib carries DejaVu Sans: letters that the text font lacks look the same on every machine.
        fonts = str(Path(mpl.get_data_path()) / "fonts" / "ttf")
        made: bytes = typst.compile(str(folder / "report.typ"), root=name, font_paths=[fonts], format="pdf")
    return made


def _typst() -> ModuleType:
    try:
        import typst
    except ModuleNotFoundError as error:
        raise OptionalDependencyError(
            "Expected the package typst for a PDF report, found none: install robustbench-endo[report], "
            "or ask for report.html, which needs nothing more."
        ) from error
    module: ModuleType = typst
    return module


def _data(c: Content, folder: Path) -> dict[str, Any]:
    for index, style in enumerate(c.styles.values()):
        _write_svg(folder / f"swatch{index}.svg", svg(swatch(style), f"swatch{index}"))
    return {
        "name": c.name,
        "subtitle": c.subtitle,
        "day": _day(c.day),
        "heat": HEAT,
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
        "tables": tables(c.table, c.models, c.headline),
        "appendix": tables(c.table, c.models, [name for name in c.metrics if name not in c.headline]),
        "overview": overview(c.table),
        "classes": [vars(row) for row in c.class_rows],
        "curves": [_curves(block, folder, index) for index, block in enumerate(c.curves)],
        "sheet": picture_pages(c.sheet, c.models, c.severities, folder) if c.sheet else None,
        "legend": class_legend(c.sheet, c.classes) if c.sheet else [],
        "endurance": _endurance(c),
        "worst": [vars(frame) for frame in c.worst],
        "provenance": c.provenance,
        "model_facts": c.model_facts,
        "corruptions": [vars(facts) for facts in c.corruptions],
        "glossary": c.glossary,
    }


def _curves(block: CurveBlock, folder: Path, number: int) -> dict[str, Any]:
    def entry(drawing: Drawing, index: int) -> dict[str, str]:
        name = f"curve{number}-{index}.svg"
        _write_svg(folder / name, drawing.svg)
        return {"label": drawing.label, "file": name, "words": drawing.words}

    panels = [entry(panel, index) for index, panel in enumerate(block.panels, start=1)]
    return {
        "label": block.metric.label,
        "heading": heading(block.metric),
        "mean": entry(block.mean, 0),
        "panels": panels,
    }


def _write_svg(path: Path, text: str) -> None:
    path.write_text(text.replace("'DejaVu Sans'", f"'{_FONT}'"), "utf-8")


def _endurance(c: Content) -> dict[str, Any] | None:
    if c.endurance is None:
        return None
    return {
        "share": round(100 * c.endurance.share),
        "label": c.endurance.metric.label,
        "clean": c.endurance.clean,
        "rows": c.endurance.rows,
    }


def _day(moment: str) -> list[int] | None:
    parts = moment.split("-")
    return [int(part) for part in parts] if len(parts) == 3 and all(part.isdigit() for part in parts) else None
