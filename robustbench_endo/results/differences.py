"""The first value in which two JSON values differ."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np

TOLERANCE = 1e-6
"""Numbers of another machine may differ in their last digits; checksums and texts may not."""


def first_difference(stored: Any, expected: Any, file: str) -> str:
    """The first value of a JSON file that differs from the expected one, as a sentence; empty for none.

    >>> first_difference({"a": [1, 2]}, {"a": [1, 3]}, "x.json")
    'x.json has another a[1] than the records give: 2 instead of 3.'
    """
    difference = next(_differences(stored, expected, ""), None)
    if difference is None:
        return ""
    path, before, now = difference
    return f"{file} has another {path} than the records give: {shorten(before)} instead of {shorten(now)}."


def _differences(stored: Any, expected: Any, path: str) -> Iterator[tuple[str, Any, Any]]:
    if isinstance(stored, dict) and isinstance(expected, dict):
        for name in {**expected, **stored}:
            inner = f"{path}.{name}" if path else str(name)
            if name not in stored or name not in expected:
                yield inner, stored.get(name, "nothing"), expected.get(name, "nothing")
            else:
                yield from _differences(stored[name], expected[name], inner)
    elif isinstance(stored, list) and isinstance(expected, list):
        if len(stored) != len(expected):
            yield f"length of {path}", len(stored), len(expected)
        for index, pair in enumerate(zip(stored, expected, strict=False)):
            yield from _differences(*pair, f"{path}[{index}]")
    elif not _equal(stored, expected):
        yield path, stored, expected


def _equal(first: Any, second: Any) -> bool:
    numbers = [isinstance(each, (int, float)) and not isinstance(each, bool) for each in (first, second)]
    if all(numbers):
        return bool(np.isclose(first, second, rtol=TOLERANCE, atol=1e-9))
    return type(first) is type(second) and bool(first == second)


def shorten(value: Any) -> str:
    """A value as text of at most 60 characters."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 60 else f"{text[:57]}..."
