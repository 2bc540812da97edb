"""A sheet of corrupted images in random order, one HTML file that works offline and exports the ratings as CSV."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
from collections.abc import Iterable, Mapping
from dataclasses import astuple
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from robustbench_endo.reports.templating import environment
from robustbench_endo.results.survey_ratings import KEY_COLUMNS, RATINGS, Item

Bytes = NDArray[np.uint8]

WIDTH = 512
"""Width of an image on the sheet, px."""

_QUALITY = 85


def sheet_item(image_id: str, corruption: str, severity: float, seed: int) -> Item:
    """An image of the sheet, with a code from which a rater cannot tell what it is.

    >>> sheet_item("a.png", "smoke", 3, seed=0).code
    '9a7e6562be'
    """
    text = "\x1f".join((str(seed), image_id, corruption, str(severity)))
    code = hashlib.blake2b(text.encode(), digest_size=5).hexdigest()
    return Item(code, image_id, corruption, severity)


def sheet_html(images: Mapping[Item, Bytes]) -> str:
    """The page of a survey.

    Args:
        images: item -> uint8 (H, W, 3) RGB.

    Returns:
        HTML in which the images are in the order of their codes, that is, in random order.
    """
    ordered = sorted(images, key=lambda item: item.code)
    entries = [(item.code, _address(images[item])) for item in ordered]
    page: str = (
        environment(Path(__file__).parent / "templates")
        .get_template("survey.html.j2")
        .render(images=entries, ratings=RATINGS)
    )
    return page


def key_csv(items: Iterable[Item]) -> str:
    """What each code stands for."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(KEY_COLUMNS)
    writer.writerows(astuple(item) for item in items)
    return text.getvalue()


def _address(image: Bytes) -> str:
    small = Image.fromarray(image)
    if small.width > WIDTH:
        small = small.resize((WIDTH, round(small.height * WIDTH / small.width)), Image.Resampling.LANCZOS)
    content = io.BytesIO()
    small.save(content, "WEBP", quality=_QUALITY)
    return f"data:image/webp;base64,{base64.b64encode(content.getvalue()).decode()}"
