"""The report as one HTML file that loads nothing: pictures, figures, style and script are inside."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from markupsafe import Markup, escape

from robustbench_endo.reports.data.gallery import class_colour
from robustbench_endo.reports.data.metrics import heading, leading_metric_of, metric
from robustbench_endo.reports.data.report_data import ReportData
from robustbench_endo.reports.formatting import ABSENT, counted, listing, title
from robustbench_endo.reports.html.calibration import inline_svg, reliability_figures
from robustbench_endo.reports.html.data import calibration_rows, group_bars, page_data, told
from robustbench_endo.reports.html.gallery import BUDGET, picture_sources
from robustbench_endo.reports.palette import DARK, LIGHT
from robustbench_endo.reports.plotting.severity_curves import Drawing
from robustbench_endo.reports.plotting.style import svg, swatch
from robustbench_endo.reports.templating import environment

TEMPLATES = Path(__file__).parent / "templates"
LIMIT = 8_000_000
"""Bytes of the whole file."""

_STYLES = ("report.css", "tables.css", "pictures.css")
_SCRIPTS = ("core.js", "table.js", "curves.js", "categories.js", "operating_envelope.js", "pictures.js")
_PARTS = {
    "summary": "In short",
    "table": "Scores",
    "categories": "Categories",
    "curves": "Curves",
    "safety": "Still safe?",
    "silence": "Silent failures",
    "calibration": "Calibration",
    "comparison": "Comparison",
    "pictures": "Pictures",
    "worst": "Worst frames",
    "classes": "Classes and patients",
    "provenance": "Provenance",
    "glossary": "Glossary",
}


def html(c: ReportData) -> str:
    """The whole report as the text of one HTML file of at most :data:`LIMIT` bytes: pictures shrink until it fits."""
    templates = environment(TEMPLATES, heading=heading, breakable=breakable, drawn=_drawn, told=told)
    forms, template = _forms(c), templates.get_template("report.html.j2")
    text = template.render(c=c, **forms, **_pictures(c, BUDGET))
    excess = len(text.encode()) - LIMIT
    if excess > 0:
        text = template.render(c=c, **forms, **_pictures(c, BUDGET - excess))
    return text


def breakable(name: str) -> Markup:
    """A name that may break after its slashes, and after other separators where a part is long; all else is text."""
    parts = (part if len(part) <= 14 else re.sub("([_:.])", "\\1\0", part) for part in name.split("/"))
    return Markup("<wbr>").join(escape(piece) for piece in "/\0".join(parts).split("\0"))


def _forms(c: ReportData) -> dict[str, Any]:
    metrics = [metric.name for metric in c.table.metrics]
    keys = [metrics.index(name) for name in c.headline]
    cells = [cell for row in c.table.rows for cell in row.cells]
    leading = leading_metric_of(c.metrics)
    return {
        "css": Markup("\n".join((TEMPLATES / name).read_text("utf-8") for name in _STYLES)),
        "script": Markup("\n".join((TEMPLATES / name).read_text("utf-8") for name in _SCRIPTS)),
        "data": page_data(c),
        "palette": [{"light": light, "dark": dark} for light, dark in zip(LIGHT, DARK, strict=True)],
        "parts": [(key, name) for key, name in _PARTS.items() if _has(c, key)],
        "headline_keys": keys,
        "headline_labels": [c.table.metrics[key].label for key in keys],
        "leading": leading,
        "absent": any(cell.text == ABSENT for cell in cells),
        "seen": c.table.seen,
        "beside": _beside(c),
        "seen_notes": _seen_notes(c),
        "has_distortion": "image_ssim" in c.metrics,
        "corruption_titles": [title(name) for name in c.categories],
        "sprites": [
            inline_svg(svg(swatch(style), f"swatch{index}"), "", f"swatch{index}")
            for index, style in enumerate(c.styles.values())
        ],
        "swatches": {model: _swatch(index) for index, model in enumerate(c.models)},
        "group_bars": group_bars(c, leading) if leading else [],
        "group_heading": heading(metric(leading)) if leading else "",
        "reliability_figures": reliability_figures(c),
        "calibration_rows": calibration_rows(c),
        "class_legend": _class_legend(c),
    }


def _swatch(index: int) -> Markup:
    return Markup(f'<svg class="swatch" aria-hidden="true"><use href="#swatch{index}"/></svg>')


def _has(c: ReportData, part: str) -> bool:
    parts = {
        "table": c.metrics,
        "categories": c.metrics,
        "curves": c.curves,
        "safety": c.operating_envelope or c.relative_robustness,
        "comparison": c.pairwise_comparison,
        "classes": c.class_rows or c.sequences,
        "worst": c.worst,
    }
    return bool(parts.get(part, True))


def _drawn(drawing: Drawing) -> Markup:
    return inline_svg(drawing.svg, drawing.words)


def _beside(c: ReportData) -> set[str]:
    """The metrics with published numbers: where a row has none its place stays free, so that the points line up."""
    return {
        column.metric.name
        for row in c.table.rows
        for column, cell in zip(c.table.columns, row.cells, strict=True)
        if cell.published
    }


def _seen_notes(c: ReportData) -> list[str]:
    return [
        f"{model} was trained on {listing([title(name).lower() for name in sorted(names)])}: its numbers there, and "
        "every mean with them, do not count as robustness (†)."
        for model, names in c.trained_on.items()
        if names
    ]


def _pictures(c: ReportData, budget: int) -> dict[str, Any]:
    made = (
        picture_sources(c.sheets, c.models, c.worst_shots, budget) if c.sheets or any(map(any, c.worst_shots)) else None
    )
    shown = len(made.sheets) if made else 0
    dropped = len(c.sheets) - shown
    words = (
        f"The run kept {counted(len(c.sheets), 'frame')} under every condition; other frames keep their numbers only."
    )
    if dropped:
        words += f" For the size of this file, without {counted(dropped, 'frame')} of them."
    return {
        "pictures": made,
        "worst_pictures": made.worst if made else [(None, None)] * len(c.worst),
        "worst_kept": bool(made and any(damaged for _, damaged in made.worst)),
        "kept_words": words,
    }


def _class_legend(c: ReportData) -> list[tuple[str, str]]:
    labels = sorted({label for gallery_grid in c.sheets for label in gallery_grid.labels()})
    return [(c.classes[k] if k < len(c.classes) else f"label {k}", class_colour(k)) for k in labels]
