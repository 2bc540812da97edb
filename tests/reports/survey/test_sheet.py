"""The rating sheet: blind, in random order, self-contained."""

import base64
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from robustbench_endo.errors import RobustEndoError
from robustbench_endo.reports.survey.sheet import check_size, image_address, key_csv, sheet_html, sheet_item
from robustbench_endo.results.survey_ratings import read_key


def test_sheet_html_shows_codes_only_in_an_order_that_tells_nothing():
    items = [sheet_item("a.png", name, severity, 0) for name in ("smoke", "contrast") for severity in (1, 2, 3, 4, 5)]
    images = {item: image_address(np.full((30, 40, 3), 25 * i, np.uint8)) for i, item in enumerate(items)}
    page = sheet_html(images, width=321)
    assert "min(100%, calc(321px + " in page
    assert "smoke" not in page
    assert "a.png" not in page
    assert "http" not in page.replace('http-equiv="Content-Security-Policy"', "")
    positions = [page.index(f'data-code="{item.code}"') for item in items]
    assert positions != sorted(positions)
    assert page.count("data:image/webp") == page.count('value="unusable"') == 10


def test_sheet_item_codes_depend_on_the_seed():
    assert sheet_item("a.png", "smoke", 3, 0).code != sheet_item("a.png", "smoke", 3, 1).code


def test_key_csv_is_read_back(tmp_path):
    items = [sheet_item("a,b.png", "smoke", severity, 0) for severity in (1, 2.4)]
    (tmp_path / "key.csv").write_text(key_csv(items), encoding="utf-8")
    assert list(read_key(tmp_path / "key.csv").values()) == items


@pytest.mark.parametrize(("width", "size"), [(20, (20, 15)), (40, (40, 30)), (100, (40, 30))])
def test_image_address_reduces_wide_images_only(width, size):
    address = image_address(np.full((30, 40, 3), 99, np.uint8), width)
    image = Image.open(BytesIO(base64.b64decode(address.removeprefix("data:image/webp;base64,"))))
    assert image.size == size


def test_check_size_names_what_makes_a_sheet_smaller():
    check_size(2_000_000, 2.0, 10, 512)
    with pytest.raises(
        RobustEndoError, match=r"at most 2 MB, got 2\.10 MB with 10 images of at most 512 px: .*--width"
    ):
        check_size(2_100_000, 2.0, 10, 512)
