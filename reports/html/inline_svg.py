"""A matplotlib SVG as a part of an HTML page: themed by CSS variables, named for screen readers, without addresses."""

from __future__ import annotations

import re

from markupsafe import Markup, escape

from ..palette import LIGHT
from ..plotting.drawing import GRID, INK, MUTED

_VARIABLES = {INK: "--ink", MUTED: "--muted", GRID: "--line"} | {
    colour: f"--m{index}" for index, colour in enumerate(LIGHT)
}


def inline_svg(text: str, description: str, symbol: str = "") -> Markup:
    """The ``<svg>`` element of a figure drawn by this package.

    Args:
        text: a whole SVG document by :func:`.drawing.svg`; it must hold no user text but escaped text nodes.
        description: read aloud instead of the picture; empty for a decoration.
        symbol: when given, the result is a ``<symbol>`` of this id, for ``<use>`` elsewhere on the page.
    """
    body = text[text.index("<svg") :]
    body = re.sub(r"<metadata>.*?</metadata>", "", body, flags=re.DOTALL)
    body = re.sub(r"<style.*?</style>", "", body, flags=re.DOTALL)
    body = re.sub(r"font-family: [^;]*;", "font-family: inherit;", body)
    body = _without_idle_ids(body)
    for colour, variable in _VARIABLES.items():
        body = body.replace(colour, f"var({variable})")
    body = body.replace("xlink:href", "href")
    body = re.sub(r"\s+", " ", body)
    view = re.search(r'viewBox="[^"]*"', body)
    assert view is not None
    inner = body[body.index(">") + 1 : body.rindex("</svg>")]
    if symbol:
        return Markup(f'<symbol id="{symbol}" {view.group(0)}>{inner}</symbol>')
    named = f'role="img" aria-label="{escape(description)}"' if description else 'aria-hidden="true"'
    return Markup(f'<svg {named} {view.group(0)} stroke-linejoin="round">{inner}</svg>')


def _without_idle_ids(body: str) -> str:
    used = set(re.findall(r'#([\w.]+)["\)]', body))
    return re.sub(r' id="([\w.]+)"', lambda match: match.group(0) if match.group(1) in used else "", body)
