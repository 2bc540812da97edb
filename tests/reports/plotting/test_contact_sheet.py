"""A contact sheet shows every image at its position."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from robustbench_endo.reports import corruption_sheet


def decode(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


def test_corruption_sheet_shows_each_image_at_its_position():
    images = {(name, s): np.full((30, 40, 3), 40 * s, np.uint8) for name in ("smoke", "blur") for s in (1, 2, 5)}
    del images["blur", 2]
    sheet = np.asarray(decode(corruption_sheet(images, width=40)))
    rows, columns = (sheet == 80).all(-1).nonzero()
    assert len(rows) >= 40 * 30
    area = sheet[rows.min() : rows.max(), columns.min() : columns.max()]
    assert (area == 80).mean() > 0.98
    assert corruption_sheet(images, width=40) == corruption_sheet(images, width=40)


def test_corruption_sheet_without_images_raises():
    with pytest.raises(ValueError, match="Expected at least one image"):
        corruption_sheet({})
