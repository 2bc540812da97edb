"""The report as one HTML file that loads nothing: images, figures, style and script are inside."""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path
from typing import Any

from markupsafe import Markup, escape

from robustbench_endo.reports.data.comparison import COMPARISON_NOTE
from robustbench_endo.reports.data.draws import DRAWS_NOTE
from robustbench_endo.reports.data.failure_detection import FAILURE_DETECTION_NOTE, PROMISE_NOTE
from robustbench_endo.reports.data.failure_points import FAILURE_POINTS_NOTE
from robustbench_endo.reports.data.first_screen import FirstScreen
from robustbench_endo.reports.data.interactions import INTERACTIONS_NOTE
from robustbench_endo.reports.data.methods import METHODS_NOTE
from robustbench_endo.reports.data.metrics import heading
from robustbench_endo.reports.data.rankings import RANKINGS_NOTE
from robustbench_endo.reports.data.report_data import ReportData
from robustbench_endo.reports.data.tables import DAGGER
from robustbench_endo.reports.formatting import counted, title
from robustbench_endo.reports.html.bars import category_bars
from robustbench_endo.reports.html.conditions import cell_conditions
from robustbench_endo.reports.html.images import BUDGET, image_sources
from robustbench_endo.reports.html.page_data import page_data
from robustbench_endo.reports.html.ranking_figures import ranking_figures
from robustbench_endo.reports.html.risk_coverage import risk_coverage_figures
from robustbench_endo.reports.html.svg import inline_svg, reliability_diagrams
from robustbench_endo.reports.html.thumbnails import BUDGET as THUMBNAIL_BUDGET
from robustbench_endo.reports.html.thumbnails import thumbnails
from robustbench_endo.reports.palette import DARK, LIGHT
from robustbench_endo.reports.plotting.severity_curves import Drawing
from robustbench_endo.reports.plotting.style import swatch, to_svg
from robustbench_endo.reports.templating import environment

TEMPLATES = Path(__file__).parent / "templates"
LIMIT = 8_000_000
"""Bytes of the file."""

_STYLES = ("report.css", "bar.css", "tables.css", "images.css", "print.css")
_SCRIPTS = (
    "core.js",
    "state.js",
    "narrow.js",
    "bar.js",
    "downloads.js",
    "figures.js",
    "scores.js",
    "curves.js",
    "categories.js",
    "safe_range.js",
    "tables.js",
    "images.js",
    "drilldown.js",
    "cells.js",
    "start.js",
)
_SECTIONS = {
    "summary": "Summary",
    "gate": "Acceptance",
    "curves": "Curves",
    "images": "Images",
    "drops": "Largest drops",
    "scores": "Scores",
    "safe-range": "Safe range",
    "silent-failures": "Silent failures",
    "calibration": "Calibration",
    "failure-detection": "Failure detection",
    "visibility": "Sees or guesses",
    "comparison": "Comparison",
    "rankings": "Rankings",
    "categories": "Categories",
    "breakdown": "Classes and patients",
    "methods": "Training seeds",
    "draws": "Draws",
    "regions": "Content area",
    "failure-points": "Failure points",
    "target-distortion": "Target distortion",
    "interactions": "Interactions",
    "provenance": "Provenance",
    "glossary": "Glossary",
}
"""Sections in reading order -> their names; the template of each has the same name."""

_COLLAPSED = {"categories", "breakdown", "methods", "draws", "regions", "failure-points", "interactions"}
_COLLAPSED |= {"target-distortion", "provenance", "glossary"}
_PRINTED = _COLLAPSED - {"breakdown"}
"""Collapsed sections that are printed."""

_LONG = {"calibration", "rankings", "visibility", "failure-detection"}
"""Sections that are collapsed as well in a report of more than ``MAX_HALVES`` models."""

_REVERSALS = dict.fromkeys((*range(0x202A, 0x202F), *range(0x2066, 0x206A)), "\N{REPLACEMENT CHARACTER}")
"""Characters that reverse the text after them: in a name they would change the sentence around it."""

MAX_HALVES = 4
"""Models whose tables stand side by side."""


_PARTS = {
    "scores": ("metrics",),
    "categories": ("metrics",),
    "safe-range": ("envelope", "relative"),
    "breakdown": ("labels", "by_subject"),
    "target-distortion": ("targets",),
    "summary": (),
    "images": (),
    "silent-failures": (),
    "calibration": (),
    "provenance": (),
    "glossary": (),
}
"""Section -> the fields of the report of which it needs one, where these are not named like the section."""


def html(report: ReportData) -> str:
    """The report as the text of one HTML file of at most :data:`LIMIT` bytes: images shrink until it fits."""
    templates = environment(TEMPLATES, heading=heading, breakable=breakable, inline=_inline)
    templates.globals |= {"follow": _follow(report), "condition": cell_conditions(report)}
    values, template = _values(report), templates.get_template("report.html.j2")
    images = _images(report, BUDGET)
    text = template.render(report=report, **values, **images)
    excess = len(text.encode()) - LIMIT
    if excess > 0:
        used = sum(each.size for each in (*images["thumbnails"], *filter(None, [images["images"]])))
        text = template.render(report=report, **values, **_images(report, used - excess))
    return text.translate(_REVERSALS)


def breakable(name: str) -> Markup:
    """A name, escaped, that may break after its slashes, and after other separators where a part is long."""
    parts = (part if len(part) <= 14 else re.sub("([_:.])", "\\1\0", part) for part in name.split("/"))
    return Markup("<wbr>").join(escape(piece) for piece in "/\0".join(parts).split("\0"))


def _values(report: ReportData) -> dict[str, Any]:
    script, many = "\n" + _files(_SCRIPTS), len(report.models) > MAX_HALVES
    return {
        "css": _files(_STYLES),
        "script": script,
        "script_hash": base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        "data": page_data(report),
        "palette": [{"light": light, "dark": dark} for light, dark in zip(LIGHT, DARK, strict=True)],
        "sections": [
            (key, name, f"{key.replace('-', '_')}.html.j2") for key, name in _SECTIONS.items() if _has(report, key)
        ],
        "collapsed": _COLLAPSED | (_LONG if many else set()),
        "many": many,
        "printed": _PRINTED | _LONG,
        "screens": _screens(report),
        "headline_scores": report.scores.subset(report.headline),
        "comparison_note": COMPARISON_NOTE,
        "rankings_note": RANKINGS_NOTE,
        "ranking_figures": ranking_figures(report),
        "failure_detection_note": FAILURE_DETECTION_NOTE,
        "promise_note": PROMISE_NOTE,
        "risk_coverage": risk_coverage_figures(report),
        "methods_note": METHODS_NOTE,
        "draws_note": DRAWS_NOTE,
        "failure_points_note": FAILURE_POINTS_NOTE,
        "interactions_note": INTERACTIONS_NOTE,
        "dagger": DAGGER,
        "has_distortion": "image_ssim" in report.metrics,
        "sprites": [
            inline_svg(to_svg(swatch(style), f"swatch{index}"), "", f"swatch{index}")
            for index, style in enumerate(report.styles.values())
        ],
        "swatches": {model: _swatch(index) for index, model in enumerate(report.models)},
        "category_bars": category_bars(report),
        "reliability_diagrams": reliability_diagrams(report),
    }


def _screens(report: ReportData) -> dict[str, FirstScreen]:
    """Metric -> the first screen by it; that of the leading metric is first, the only one before a selection."""
    leading = report.leading.name if report.leading else ""
    others = {name: screen for name, screen in report.first_of_metric.items() if name != leading}
    return {leading: report.first} | others


def _files(names: tuple[str, ...]) -> Markup:
    return Markup("\n".join((TEMPLATES / name).read_text("utf-8") for name in names))  # nosec B704  # files of this package


def _swatch(index: int) -> Markup:
    return Markup(f'<svg class="swatch" aria-hidden="true"><use href="#swatch{index}"/></svg>')  # nosec B704  # a number


def _has(report: ReportData, section: str) -> bool:
    """Whether the run has a section: any of its parts, which most sections share their name with."""
    parts = _PARTS.get(section, (section.replace("-", "_"),))
    return not parts or any(getattr(report, part) for part in parts)


def _inline(drawing: Drawing) -> Markup:
    return inline_svg(drawing.svg, drawing.description)


def _follow(report: ReportData) -> dict[str, dict[str, Any]]:
    """Labels of columns and rows -> the model, the corruption or the category that they belong to."""
    return {
        "models": {name: index for index, name in enumerate(report.models)},
        "corruptions": {title(name): index for index, name in enumerate(report.categories)},
        "categories": {title(name): name for name in report.categories.values()},
    }


def _images(report: ReportData, budget: int) -> dict[str, Any]:
    has_images = report.galleries or any(drop.clean or drop.corrupted for drop in report.drops)
    small = thumbnails(report.thumbnails, report.models, min(THUMBNAIL_BUDGET, budget // 2))
    budget -= sum(each.size for each in small)
    sources = image_sources(report.galleries, report.models, report.drops, budget) if has_images else None
    n_omitted = len(report.galleries) - (len(sources.grids) if sources else 0)
    words = f"The run stored {counted(len(report.galleries), 'frame')} under every condition."
    if n_omitted:
        words += f" To limit the size of this file, {counted(n_omitted, 'frame')} of them are left out."
    return {
        "images": sources,
        "thumbnails": small,
        "drop_images": sources.drops if sources else [(None, None)] * len(report.drops),
        "images_description": words,
    }
