"""Whether report.html of a run folder has the numbers that follow from the records."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from html.parser import HTMLParser
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from robustbench_endo.errors import RobustEndoError
from robustbench_endo.gate.report import GATE_FILE
from robustbench_endo.reports.data.gate import gate_sha256
from robustbench_endo.reports.data.report_data import report_data
from robustbench_endo.reports.html.page import html
from robustbench_endo.results import Check, Resampling
from robustbench_endo.results.differences import first_difference, shorten

if TYPE_CHECKING:
    import pandas as pd

    from robustbench_endo.results import Results

FILE = "report.html"
_NAME = "report.html agrees with the records"
_AGAIN = "Write it again with robust-endo report"
_DATA = re.compile(r'<script type="application/json" id="data">(.*?)</script>', re.S)
_INVISIBLE = frozenset(("script", "style", "svg"))
_READ_ALOUD = frozenset(("title", "aria-label", "alt"))


def check_html(results: Results, published: pd.DataFrame | None = None) -> list[Check]:
    """Compute the page of a run folder again with the settings that it names, and compare; no check without the file.

    First the data of its script, value by value, then everything that it prints; figures are not compared.

    Args:
        results: a run with its folder.
        published: published numbers of the run, as :func:`robustbench_endo.reports.report` got them.
    """
    if results.path is None or not (results.path / FILE).is_file():
        return []
    return [Check(_NAME, _problem(results, (results.path / FILE).read_text("utf-8", "replace"), published))]


def _problem(results: Results, stored: str, published: pd.DataFrame | None) -> str:
    try:
        data = json.loads(_DATA.findall(stored)[0])
        settings = data["settings"]
        intervals, with_published = _intervals(settings), bool(settings["published"])
        intended_use, gate = str(settings["intended_use"]), settings["gate"]
    except (IndexError, KeyError, TypeError, ValueError, RobustEndoError):
        return f"{FILE} is no report of this version, or its data were removed. {_AGAIN}."
    if gate != gate_sha256(results):
        return f"{FILE} was written with another {GATE_FILE}, or without it. {_AGAIN}."
    try:
        page = html(report_data(results, intervals, published if with_published else None, intended_use))
    except RobustEndoError as error:  # of a gate.json that cannot be read
        return str(error)
    difference = first_difference(data, json.loads(_DATA.findall(page)[0]), FILE)
    difference = difference or _text_difference(visible_text(stored), visible_text(page))
    return f"{difference} {_AGAIN}." if difference else ""


def _intervals(settings: Mapping[str, Any]) -> bool | Resampling:
    return Resampling(**settings["resampling"]) if settings["intervals"] else False


def _text_difference(stored: list[str], expected: list[str]) -> str:
    for index, (before, now) in enumerate(zip_longest(stored, expected, fillvalue="nothing")):
        if before != now:
            context = shorten(" ".join(expected[max(0, index - 3) : index]))
            texts = f"{shorten(before)} instead of {shorten(now)}"
            return f"{FILE} prints another text than the records give, after {context}: {texts}."
    return ""


def visible_text(page: str) -> list[str]:
    """The texts of a page in order, without blanks at their ends, scripts, styles and figures.

    >>> visible_text("<p>Dice <b>71.2</b></p><script>1</script>")
    ['Dice', '71.2']
    """
    reader = _Reader()
    reader.feed(page)
    reader.close()
    return reader.texts


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.hidden += tag in _INVISIBLE
        for name, value in attrs:
            if name in _READ_ALOUD and value:
                self.handle_data(value)

    def handle_endtag(self, tag: str) -> None:
        self.hidden -= tag in _INVISIBLE

    def handle_data(self, data: str) -> None:
        text = " ".join(data.split())
        if text and not self.hidden:
            self.texts.append(text)
