"""A contact sheet shows every picture in its place."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from robustbench_endo.reports import corruption_sheet


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


def test_a_contact_sheet_puts_each_picture_in_its_place():
    images = {(name, s): np.full((30, 40, 3), 40 * s, np.uint8) for name in ("smoke", "blur") for s in (1, 2, 5)}
    del images["blur", 2]
    drawn = np.asarray(opened(corruption_sheet(images, width=40)))
    rows, columns = (drawn == 80).all(-1).nonzero()
    assert len(rows) >= 40 * 30
    area = drawn[rows.min() : rows.max(), columns.min() : columns.max()]
    assert (area == 80).mean() > 0.98
    assert corruption_sheet(images, width=40) == corruption_sheet(images, width=40)


def test_an_empty_sheet_is_refused():
    with pytest.raises(ValueError, match="Expected at least one picture"):
        corruption_sheet({})
