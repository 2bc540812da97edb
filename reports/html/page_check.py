"""What differs between the page of a run folder and the page that follows from its records."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from itertools import zip_longest
from typing import Any

from robustbench_endo.results.differences import first_difference, shorten

_DATA = re.compile(r'<script type="application/json" id="data">(.*?)</script>', re.S)


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
    """What differs first between a page and the expected one; empty for nothing.

    Compared are the values of its data, then all texts, elements, attributes, styles and scripts in their order;
    images and what is inside of drawings are not.
    """
    page, again = (content.decode("utf-8", "replace") for content in (stored, expected))
    difference = first_difference(_data(page), _data(again), "").strip()
    return difference or _content_difference(page_content(page), page_content(again))


def _data(page: str) -> Any:
    return json.loads(_DATA.findall(page)[0])


def _content_difference(stored: list[str], expected: list[str]) -> str:
    for index, (before, now) in enumerate(zip_longest(stored, expected)):
        if before != now:
            words = (part for part in expected[:index] if not part.startswith("<"))
            context = shorten(" ".join([*words][-3:]))
            texts = " instead of ".join("nothing" if each is None else shorten(each) for each in (before, now))
            return f"prints another text than the records give, after {context}: {texts}."
    return ""


def page_content(page: str) -> list[str]:
    """The texts and elements of a page in order, without its data, the sources of images, and the inside of drawings.

    >>> page_content('<p title="x">Dice <b>71.2</b></p><svg><text>1</text></svg>')
    ['<p title="x">', 'Dice', '<b>', '71.2', '</b>', '</p>', '<svg>', '</svg>']
    """
    reader = _Reader()
    reader.feed(page)
    reader.close()
    return reader.parts


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []
        self.drawings = 0
        self.in_data = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if not self.drawings:
            attributes = "".join(f' {name}="{value}"' for name, value in attrs if (tag, name) != ("img", "src"))
            self.parts.append(f"<{tag}{attributes}>")
        self.drawings += tag == "svg"
        self.in_data = (tag, dict(attrs)) == ("script", {"type": "application/json", "id": "data"})

    def handle_endtag(self, tag: str) -> None:
        self.drawings = max(0, self.drawings - (tag == "svg"))
        self.in_data = False
        if not self.drawings:
            self.parts.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        text = " ".join(data.split())
        if text and not self.drawings and not self.in_data:
            self.parts.append(text)
