"""The report as one HTML file that loads nothing: pictures, figures, style and script are inside."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from .content import Content
from .drawing import svg, swatch
from .figures import Drawing
from .html_pictures import PictureSources, picture_sources
from .inline_svg import inline_svg
from .labels import number
from .metrics import heading
from .palette import DARK, LIGHT
from .pictures import class_colour

TEMPLATES = Path(__file__).parent / "templates"
_PARTS = {
    "summary": "In short",
    "table": "Scores",
    "curves": "Curves",
    "pictures": "Pictures",
    "classes": "Classes",
    "limits": "Limits",
    "worst": "Worst frames",
    "provenance": "Provenance",
    "glossary": "Glossary",
}


def html(c: Content) -> str:
    """The whole report as the text of one HTML file."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"heading": heading, "breakable": breakable, "drawn": _drawn}
    return environment.get_template("report.html.j2").render(c=c, **_forms(c))


def breakable(name: str) -> Markup:
    """A name that may break after its slashes, and after other separators where a part is long; all else is text."""
    parts = (part if len(part) <= 14 else re.sub("([_:.])", "\\1\0", part) for part in name.split("/"))
    return Markup("<wbr>").join(escape(piece) for piece in "/\0".join(parts).split("\0"))


def _forms(c: Content) -> dict[str, Any]:
    metrics = [metric.name for metric in c.table.metrics]
    keys = [metrics.index(name) for name in c.headline]
    return {
        "css": Markup((TEMPLATES / "report.css").read_text("utf-8")),
        "script": Markup((TEMPLATES / "report.js").read_text("utf-8")),
        "palette": [{"light": light, "dark": dark} for light, dark in zip(LIGHT, DARK, strict=True)],
        "parts": [(key, name) for key, name in _PARTS.items() if _has(c, key)],
        "headline_keys": keys,
        "headline_labels": [c.table.metrics[key].label for key in keys],
        "absent": any(cell.text == number(None) for row in c.table.rows for cell in row.cells),
        "sprites": [
            inline_svg(svg(swatch(style), f"swatch{index}"), "", f"swatch{index}")
            for index, style in enumerate(c.styles.values())
        ],
        "swatches": {model: _swatch(index) for index, model in enumerate(c.models)},
        "pictures": _pictures(c),
        "class_legend": _class_legend(c),
    }


def _swatch(index: int) -> Markup:
    return Markup(f'<svg class="swatch" aria-hidden="true"><use href="#swatch{index}"/></svg>')


def _has(c: Content, part: str) -> bool:
    parts = {
        "table": c.metrics,
        "curves": c.curves,
        "pictures": c.sheet,
        "classes": c.class_rows,
        "limits": c.endurance,
        "worst": c.worst,
    }
    return bool(parts.get(part, True))


def _drawn(drawing: Drawing) -> Markup:
    return inline_svg(drawing.svg, drawing.words)


def _pictures(c: Content) -> PictureSources | None:
    return picture_sources(c.sheet, c.models) if c.sheet else None


def _class_legend(c: Content) -> list[tuple[str, str]]:
    labels = c.sheet.labels() if c.sheet else []
    return [(c.classes[k] if k < len(c.classes) else f"label {k}", class_colour(k)) for k in labels]
