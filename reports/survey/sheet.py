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

from robustbench_endo.errors import RobustEndoError
from robustbench_endo.reports.templating import environment
from robustbench_endo.results.survey_ratings import KEY_COLUMNS, RATINGS, Item

Bytes = NDArray[np.uint8]

WIDTH = 512
"""Width of an image on the sheet by default, px."""

MEGABYTE = 10**6

_QUALITY = 85


def sheet_item(image_id: str, corruption: str, severity: float, seed: int) -> Item:
    """An image of the sheet, with a code from which a rater cannot tell what it is.

    >>> sheet_item("a.png", "smoke", 3, seed=0).code
    '9a7e6562be'
    """
    text = "\x1f".join((str(seed), image_id, corruption, str(severity)))
    code = hashlib.blake2b(text.encode(), digest_size=5).hexdigest()
    return Item(code, image_id, corruption, severity)


def sheet_html(images: Mapping[Item, str], width: int = WIDTH) -> str:
    """The page of a survey.

    Args:
        images: item -> address, see :func:`image_address`.
        width: at which an image is shown, less where the window is narrower, px.

    Returns:
        HTML in which the images are in the order of their codes, that is, in random order.
    """
    ordered = sorted(images, key=lambda item: item.code)
    entries = [(item.code, images[item]) for item in ordered]
    page: str = (
        environment(Path(__file__).parent / "templates")
        .get_template("survey.html.j2")
        .render(images=entries, ratings=RATINGS, width=width)
    )
    return page


def key_csv(items: Iterable[Item]) -> str:
    """What each code stands for."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(KEY_COLUMNS)
    writer.writerows(astuple(item) for item in items)
    return text.getvalue()


def image_address(image: Bytes, width: int = WIDTH) -> str:
    """An image as the data of an HTML page, WebP.

    Args:
        image: uint8 (H, W, 3) RGB.
        width: to which a wider image is reduced, px.
    """
    small = Image.fromarray(image)
    if small.width > width:
        small = small.resize((width, max(round(small.height * width / small.width), 1)), Image.Resampling.LANCZOS)
    content = io.BytesIO()
    small.save(content, "WEBP", quality=_QUALITY)
    return f"data:image/webp;base64,{base64.b64encode(content.getvalue()).decode()}"


def check_size(size: int, limit: float, images: int, width: int) -> None:
    """Raise unless a sheet, or what is finished of it, is small enough for a browser and for mail.

    Args:
        size: bytes.
        limit: in MB.
        images: on the sheet so far.
        width: of an image, px.

    Raises:
        RobustEndoError: the sheet is larger.
    """
    if size > limit * MEGABYTE:
        raise RobustEndoError(
            f"Expected a sheet of at most {limit:g} MB, got {size / MEGABYTE:.2f} MB with {images} images of at most "
            f"{width} px: take fewer frames (--limit), corruptions or severities, or a smaller --width, or raise "
            "--max-size."
        )
