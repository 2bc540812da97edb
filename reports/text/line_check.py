"""What differs between a text and the expected one."""

from __future__ import annotations

from itertools import zip_longest

from robustbench_endo.results.differences import shorten


def line_difference(stored: bytes, expected: bytes) -> str:
    texts = [content.decode("utf-8", "replace").replace("\r\n", "\n").split("\n") for content in (stored, expected)]
    for number, (before, now) in enumerate(zip_longest(*texts), 1):
        if before != now:
            pairs = enumerate(zip(before or "", now or "", strict=False))
            start = max(0, next((at for at, (one, other) in pairs if one != other), 0) - 20)
            lines = ("nothing" if line is None else repr(shorten(line[start:])) for line in (before, now))
            return f"has another line {number} than the records give: {' instead of '.join(lines)}."
    return ""
