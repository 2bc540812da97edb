"""SVG inside a page: reliability diagrams, and figures of matplotlib."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from markupsafe import Markup, escape

from robustbench_endo.reports.data.confidence import Reliability
from robustbench_endo.reports.formatting import number
from robustbench_endo.reports.palette import LIGHT, Style
from robustbench_endo.reports.plotting.style import GRID, INK, MUTED

if TYPE_CHECKING:
    from robustbench_endo.reports.data.report_data import ReportData

WIDTH, HEIGHT = 360, 300

_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 10, 8, 44

_VARIABLES = {INK: "--ink", MUTED: "--muted", GRID: "--line"} | {
    colour: f"--m{index}" for index, colour in enumerate(LIGHT)
}
"""Colours of figures that follow the theme of the page -> their CSS variables."""


class ReliabilityDiagram(NamedTuple):
    """A diagram: its position among all of the run, the name of its task, its label, and its ``<svg>``."""

    position: int
    task: str
    label: str
    svg: Markup


def reliability_diagrams(report: ReportData) -> list[ReliabilityDiagram]:
    """One diagram per task and kind of frames with visible bins: clean frames, then all corrupted ones."""
    diagrams = []
    parts = [(bins, name, lines) for bins in report.reliability for name, lines in bins.by_frames.items()]
    for index, (bins, name, lines) in enumerate(parts):
        if any(line.visible.any() for line in lines.values()):
            label = f"{name} {bins.task.unit_noun} ({bins.task.title.lower()})"
            diagrams.append(ReliabilityDiagram(index, bins.task.name, label, _diagram(lines, report.styles, label)))
    return diagrams


def _diagram(lines: Mapping[str, Reliability], styles: Mapping[str, Style], label: str) -> Markup:
    errors = "; ".join(f"{model}: calibration error {number(line.error)} %" for model, line in lines.items())
    parts = [
        f'<svg role="img" aria-label="{escape(f"{label}. {errors}.")}" class="plot" viewBox="0 0 {WIDTH} {HEIGHT}">',
        *_axes(),
        f'<path d="M{_x(0)} {_y(0)}L{_x(100)} {_y(100)}" class="diagonal"/>',
        *(_line(line, styles[model], index) for index, (model, line) in enumerate(lines.items())),
        "</svg>",
    ]
    return Markup("".join(parts))  # nosec B704  # numbers, and names that are escaped


def _axes() -> list[str]:
    ticks = (0, 25, 50, 75, 100)
    rows = [f'<path d="M{_x(0)} {_y(t)}H{_x(100)}" class="grid"/>' for t in ticks]
    marks = [f'<text x="{_x(0) - 6}" y="{_y(t) + 4}" text-anchor="end">{t}</text>' for t in ticks]
    marks += [f'<text x="{_x(t)}" y="{_y(0) + 17}" text-anchor="middle">{t}</text>' for t in ticks]
    middle = (_y(0) + _y(100)) / 2
    names = [
        f'<text x="{(_x(0) + _x(100)) / 2}" y="{HEIGHT - 6}" text-anchor="middle">Confidence (%)</text>',
        f'<text x="12" y="{middle}" text-anchor="middle" transform="rotate(-90 12 {middle})">Correct (%)</text>',
    ]
    return rows + marks + names


def _line(line: Reliability, style: Style, index: int) -> str:
    """The line of a model through its bins; those with few frames are hollow points outside of it."""
    points, single = _points(line, line.visible), _points(line, line.sparse)
    if not points and not single:
        return ""
    path = "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
    dash = f' stroke-dasharray="{" ".join(f"{3 * length:g}" for length in style.dash)}"' if style.dash else ""
    dots = "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.6"/>' for x, y in points)
    dots += "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.6" class="hollow"/>' for x, y in single)
    connection = f'<path d="M{path}"{dash}/>' if path else ""
    return f'<g style="--c:var(--m{style.index})" class="series" data-m="{index}">{connection}{dots}</g>'


def _points(line: Reliability, bins: np.ndarray) -> list[tuple[float, float]]:
    return [
        (_x(float(confidence)), _y(float(accuracy)))
        for confidence, accuracy in zip(line.confidence[bins], line.accuracy[bins], strict=True)
        if math.isfinite(confidence + accuracy)
    ]


def _x(percentage: float) -> float:
    return _LEFT + percentage / 100 * (WIDTH - _LEFT - _RIGHT)


def _y(percentage: float) -> float:
    return HEIGHT - _BOTTOM - percentage / 100 * (HEIGHT - _TOP - _BOTTOM)


def inline_svg(text: str, description: str, symbol: str = "") -> Markup:
    """The ``<svg>`` element of a figure of this package.

    Args:
        text: an SVG document by :func:`.plotting.style.to_svg`; user text in it must be escaped text nodes.
        description: for screen readers; empty for a decoration.
        symbol: if given, the result is a ``<symbol>`` of this id, for ``<use>`` elsewhere on the page.
    """
    body = text[text.index("<svg") :]
    body = re.sub(r"<metadata>.*?</metadata>", "", body, flags=re.DOTALL)
    body = re.sub(r"<style.*?</style>", "", body, flags=re.DOTALL)
    body = re.sub(r"font-family: [^;]*;", "font-family: inherit;", body)
    body = _without_unused_ids(body)
    for colour, variable in _VARIABLES.items():
        body = body.replace(colour, f"var({variable})")
    body = body.replace("xlink:href", "href")
    body = re.sub(r"\s+", " ", body)
    view = re.search(r'viewBox="[^"]*"', body)
    assert view is not None
    inner = body[body.index(">") + 1 : body.rindex("</svg>")]
    if symbol:
        return Markup(f'<symbol id="{symbol}" {view.group(0)}>{inner}</symbol>')  # nosec B704  # drawn by matplotlib
    label = f'role="img" aria-label="{escape(description)}"' if description else 'aria-hidden="true"'
    return Markup(f'<svg {label} {view.group(0)} stroke-linejoin="round">{inner}</svg>')  # nosec B704  # drawn by matplotlib


def _without_unused_ids(body: str) -> str:
    used = set(re.findall(r'#([\w.]+)["\)]', body))
    return re.sub(r' id="([\w.]+)"', lambda match: match.group(0) if match.group(1) in used else "", body)
