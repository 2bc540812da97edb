"""The colours of EndoVis 2018's scene labels."""

from __future__ import annotations

import json
from pathlib import Path

from robustbench_endo.data.layouts.codes import Colour
from robustbench_endo.errors import DataError

SCENE: tuple[tuple[str, Colour], ...] = (
    ("background-tissue", (0, 0, 0)),
    ("instrument-shaft", (0, 255, 0)),
    ("instrument-clasper", (0, 255, 255)),
    ("instrument-wrist", (125, 255, 12)),
    ("kidney-parenchyma", (255, 55, 0)),
    ("covered-kidney", (24, 55, 125)),
    ("thread", (187, 155, 25)),
    ("clamps", (0, 255, 125)),
    ("suturing-needle", (255, 255, 125)),
    ("suction-instrument", (123, 15, 175)),
    ("small-intestine", (124, 155, 5)),
    ("ultrasound-probe", (12, 255, 141)),
)
"""What the labels.json of the challenge says, in order of its classid."""


def read_palette(path: Path) -> tuple[tuple[str, Colour], ...]:
    """Names and colours of a labels.json, in order of classid.

    Both forms that are given out are read: a list of ``{"name", "color", "classid"}``, and the same under the key
    ``classes`` with a fourth, unused number in the colours.

    Raises:
        DataError: the file is no such list, or its classids are not 0, 1, 2, ...
    """
    try:
        told = json.loads(path.read_text("utf-8"))
        listed = told["classes"] if isinstance(told, dict) else told
        classes = sorted((int(item["classid"]), str(item["name"]), _colour(item["color"])) for item in listed)
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(
            f'Expected a list of {{"name", "color", "classid"}} in {path}, found {error!r}: restore the file that came '
            "with the data, or remove it (the challenge's colours are known)."
        ) from error
    if [classid for classid, _, _ in classes] != list(range(len(classes))):
        raise DataError(
            f"Expected the classids 0, 1, 2, ... in {path}, found {[classid for classid, _, _ in classes]}: restore "
            "the file that came with the data."
        )
    return tuple((name, colour) for _, name, colour in classes)


def _colour(told: list[int]) -> Colour:
    red, green, blue = (int(value) for value in told[:3])
    if not all(0 <= value <= 255 for value in (red, green, blue)):
        raise ValueError(f"the colour {told}")
    return red, green, blue
