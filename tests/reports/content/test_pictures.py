"""Pictures, masks and sheets show what they were given."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from robustbench_endo.reports.data.gallery import class_colour, gallery_grid, mask_png, overlaid, shrunk


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


def test_a_mask_is_clear_on_background_tinted_inside_and_opaque_on_its_outline():
    mask = np.zeros((9, 9), np.uint8)
    mask[2:7, 2:7] = 1
    mask[0, 0] = 255
    pixels = np.asarray(opened(mask_png(mask)).convert("RGBA"))
    assert pixels[0, 0, 3] == pixels[8, 8, 3] == 0
    assert 0 < pixels[4, 4, 3] < 255
    assert pixels[2, 4, 3] == 255
    assert tuple(pixels[2, 4, :3]) == tuple(bytes.fromhex(class_colour(1)[1:]))


def test_a_script_can_tell_labels_apart_whose_colours_repeat():
    mask = np.zeros((12, 24), np.uint8)
    mask[2:10, 2:10], mask[2:10, 14:22], mask[:, 0] = 3, 11, 255
    pixels = np.asarray(opened(mask_png(mask, ignored=True)).convert("RGBA"))
    assert tuple(pixels[5, 5, :3]) == tuple(pixels[5, 18, :3])
    assert pixels[5, 5, 3] == pixels[5, 18, 3] + 4
    assert pixels[2, 5, 3] == pixels[2, 18, 3] + 1 == 255
    assert set(pixels[:, 0, 3]) == {1}
    assert pixels[0, 12, 3] == 0


def test_an_overlay_leaves_the_background_alone():
    picture = np.full((8, 8, 3), 100, np.uint8)
    mask = np.zeros((4, 4), np.uint8)
    mask[2:] = 2
    laid = overlaid(picture, mask)
    assert (laid[:3] == 100).all()
    assert (laid[5:] != 100).any()
    assert overlaid(picture, None) is picture


def test_labels_stay_labels_when_shrunk():
    mask = np.zeros((40, 60), np.uint8)
    mask[:, 30:] = 7
    small = shrunk(mask, 15)
    assert small.shape == (10, 15)
    assert set(np.unique(small)) == {0, 7}
    assert shrunk(mask, 100) is mask


def test_a_sheet_has_every_condition_and_each_models_mask(make_run):
    results = make_run(corruptions=["smoke", "contrast"], severities=[1, 4])
    made = gallery_grid(results, results.gallery()[0], 320)
    assert [len(row) for row in made.rows.values()] == [2, 2]
    shot = made.rows["smoke"][1]
    assert list(shot.predictions) == results.models
    frame = results.gallery()[0]
    np.testing.assert_array_equal(
        shot.predictions["tiny-resnet/mmoe"], frame.prediction("tiny-resnet/mmoe", "smoke", 4)
    )
    records = results.frame.set_index(["model", "corruption", "severity", "image_id"])["miou"]
    assert shot.scores["tiny-resnet/mmoe"] == f"{100 * records['tiny-resnet/mmoe', 'smoke', 4, made.image_id]:.2f}"
    assert made.labels() == [1, 2]


def test_a_lost_picture_is_an_empty_place(make_run):
    results = make_run(corruptions=["smoke"], severities=[1, 2])
    (results.path / "gallery" / "0" / "smoke-2.webp").unlink()
    made = gallery_grid(results, results.gallery()[0], 320)
    assert made.rows["smoke"][1] is None
