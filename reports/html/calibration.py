"""Reliability diagrams drawn straight into the page."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from markupsafe import Markup, escape

from robustbench_endo.reports.data.calibration import Reliability
from robustbench_endo.reports.formatting import number
from robustbench_endo.reports.palette import LIGHT, Style
from robustbench_endo.reports.plotting.style import GRID, INK, MUTED

if TYPE_CHECKING:
    from robustbench_endo.reports.data.report_data import ReportData


WIDTH, HEIGHT = 360, 300

_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 10, 8, 44

_FEW = 0.002
"""Share of all answers below which a bin is noise and not drawn."""

_WHAT = {"segmentation": "pixels", "activity": "frames (activity)"}


class ReliabilityFigure(NamedTuple):
    """A diagram: what it shows, and its ``<svg>``."""

    label: str
    svg: Markup


def reliability_figures(c: ReportData) -> list[ReliabilityFigure]:
    """A diagram a task and condition that has answers; clean frames, then all corrupted ones."""
    return [
        ReliabilityFigure(f"{part} {_WHAT[task]}", _drawn(lines, c.styles, f"{part} {_WHAT[task]}"))
        for task, parts in c.reliability
        for part, lines in parts.items()
        if any(line.answers.sum() > 0 for line in lines.values())
    ]


def _drawn(lines: Mapping[str, Reliability], styles: Mapping[str, Style], label: str) -> Markup:
    words = "; ".join(f"{model}: calibration error {number(line.error)} %" for model, line in lines.items())
    parts = [
        f'<svg role="img" aria-label="{escape(f"{label}. {words}.")}" class="plot" viewBox="0 0 {WIDTH} {HEIGHT}">',
        *_axes(),
        f'<path d="M{_x(0)} {_y(0)}L{_x(100)} {_y(100)}" class="diagonal"/>',
        *(_line(line, styles[model]) for model, line in lines.items()),
        "</svg>",
    ]
    return Markup("".join(parts))


def _axes() -> list[str]:
    ticks = (0, 25, 50, 75, 100)
    rows = [f'<path d="M{_x(0)} {_y(t)}H{_x(100)}" class="grid"/>' for t in ticks]
    marks = [f'<text x="{_x(0) - 6}" y="{_y(t) + 4}" text-anchor="end">{t}</text>' for t in ticks]
    marks += [f'<text x="{_x(t)}" y="{_y(0) + 17}" text-anchor="middle">{t}</text>' for t in ticks]
    middle = (_y(0) + _y(100)) / 2
    named = [
        f'<text x="{(_x(0) + _x(100)) / 2}" y="{HEIGHT - 6}" text-anchor="middle">Confidence (%)</text>',
        f'<text x="12" y="{middle}" text-anchor="middle" transform="rotate(-90 12 {middle})">Right (%)</text>',
    ]
    return rows + marks + named


def _line(line: Reliability, style: Style) -> str:
    total = line.answers.sum()
    points = [
        (_x(float(sure)), _y(float(right)))
        for answers, sure, right in zip(line.answers, line.confidence, line.right, strict=True)
        if answers > _FEW * total and math.isfinite(sure + right)
    ]
    if not points:
        return ""
    path = "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
    dash = f' stroke-dasharray="{" ".join(f"{3 * length:g}" for length in style.dash)}"' if style.dash else ""
    dots = "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.6"/>' for x, y in points)
    return f'<g style="--c:var(--m{style.index})" class="series"><path d="M{path}"{dash}/>{dots}</g>'


def _x(share: float) -> float:
    return _LEFT + share / 100 * (WIDTH - _LEFT - _RIGHT)


def _y(share: float) -> float:
    return HEIGHT - _BOTTOM - share / 100 * (HEIGHT - _TOP - _BOTTOM)


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
