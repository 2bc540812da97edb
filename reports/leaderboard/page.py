"""One way to make a page: template, style, script and colours inside, every name escaped."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from markupsafe import Markup

from ..content.metrics import heading
from ..html.inline_svg import inline_svg
from ..labels import ABSENT
from ..palette import DARK, LIGHT, Style
from ..plotting.drawing import svg, swatch
from ..templating import environment

TEMPLATES = Path(__file__).parent / "templates"


def rendered(template: str, **values: Any) -> str:
    """The page as text; names are text whatever they contain."""
    templates = environment(TEMPLATES, heading=heading, sortable=sortable)
    inside = {
        "css": Markup((TEMPLATES / "page.css").read_text("utf-8")),
        "script": Markup((TEMPLATES / "page.js").read_text("utf-8")),
        "palette": [{"light": light, "dark": dark} for light, dark in zip(LIGHT, DARK, strict=True)],
    }
    return templates.get_template(template).render(**inside, **values)


def sortable(text: str) -> str:
    """The number that a printed one is sorted by; empty for none."""
    return "" if text == ABSENT else text


def model_swatch(style: Style, name: str) -> Markup:
    """A model's line and marker, for beside its name."""
    drawn = inline_svg(svg(swatch(style), name), "")
    return Markup(re.sub("<svg", '<svg class="swatch"', str(drawn), count=1))
