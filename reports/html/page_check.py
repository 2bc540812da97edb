"""What differs between the page of a run folder and the page that follows from its records."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from itertools import zip_longest
from typing import Any

from robustbench_endo.results.differences import first_difference, shorten

_DATA = re.compile(r'<script type="application/json" id="data">(.*?)</script>', re.S)
_INVISIBLE = frozenset(("script", "style", "svg"))
_READ_ALOUD = frozenset(("title", "aria-label", "alt"))


def page_settings(stored: bytes) -> dict[str, Any]:
    """The settings that a page names, with which it can be computed again.

    Raises:
        ValueError: the page has no data, or none of this version.
    """
    try:
        settings: dict[str, Any] = _data(stored.decode("utf-8", "replace"))["settings"]
    except (IndexError, KeyError, TypeError, ValueError) as error:
        raise ValueError("no settings of a report") from error
    return settings


def page_difference(stored: bytes, expected: bytes) -> str:
    """What differs first between a page and the expected one: a value of its data, then a text; empty for nothing."""
    page, again = (content.decode("utf-8", "replace") for content in (stored, expected))
    difference = first_difference(_data(page), _data(again), "").strip()
    return difference or _text_difference(visible_text(page), visible_text(again))


def _data(page: str) -> Any:
    return json.loads(_DATA.findall(page)[0])


def _text_difference(stored: list[str], expected: list[str]) -> str:
    for index, (before, now) in enumerate(zip_longest(stored, expected, fillvalue="nothing")):
        if before != now:
            context = shorten(" ".join(expected[max(0, index - 3) : index]))
            texts = f"{shorten(before)} instead of {shorten(now)}"
            return f"prints another text than the records give, after {context}: {texts}."
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
