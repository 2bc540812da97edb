"""Detection of the content area on drawn scopes, and what is derived from it."""

from __future__ import annotations

import io
import math
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from robustbench_endo.corruptions.content_area import ContentArea, detect_content_area, detect_content_areas

Bytes = NDArray[np.uint8]

HEIGHT, WIDTH = 120, 160

SCOPES = {
    "round": ContentArea(HEIGHT, WIDTH, center_x=78, center_y=61, radius_x=54, radius_y=54, feather=1.5),
    "cut off": ContentArea(HEIGHT, WIDTH, center_x=83, center_y=58, radius_x=88, radius_y=88, feather=1.5),
    "cut off above and below": ContentArea(HEIGHT, WIDTH, center_x=80, center_y=60, radius_x=66, radius_y=66),
    "round corners": ContentArea(HEIGHT, WIDTH, 12, 6, 148, 114, corner_x=20, corner_y=20, feather=1.5),
    "rectangle": ContentArea(HEIGHT, WIDTH, 12, 6, 148, 114),
    "bars": ContentArea(HEIGHT, WIDTH, left=20, right=139),
    "one bar": ContentArea(HEIGHT, WIDTH, bottom=104),
}


def scene(height: int = HEIGHT, width: int = WIDTH, seed: int = 0) -> Bytes:
    """Tissue-like structure of several scales, brighter than black."""
    generator = torch.Generator().manual_seed(seed)
    image = torch.zeros(1, 3, height, width)
    for size in (3, 8, 20):
        coarse = torch.rand(1, 3, size, size, generator=generator)
        image += torch.nn.functional.interpolate(coarse, (height, width), mode="bicubic")
    levels = (50 + 55 * image[0].clamp(0, 3)) * torch.tensor([1.2, 0.8, 0.7])[:, None, None]
    return levels.clamp(0, 255).byte().permute(1, 2, 0).contiguous().numpy()


def framed(area: ContentArea, level: int = 0, image: Bytes | None = None) -> Bytes:
    """A scene with the surround of ``area`` at a level."""
    mask = area.mask().numpy()[..., None]
    noise = np.random.default_rng(0).normal(level, 1, (area.height, area.width, 3))
    image = scene(area.height, area.width) if image is None else image
    return (mask * image + (1 - mask) * noise).clip(0, 255).astype(np.uint8)


def jpeg(image: Bytes, quality: int = 85) -> Bytes:
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "JPEG", quality=quality)
    return np.asarray(Image.open(buffer))


def assert_same_area(actual: ContentArea | None, expected: ContentArea, tolerance: float = 0.025) -> None:
    """The two differ only within a share of the short side of the edge."""
    assert actual is not None
    # The area that is ``tolerance`` smaller lies inside, and the other way round: both edges are that close.
    eroded = torch.nn.functional.max_pool2d
    size = 2 * math.ceil(tolerance * min(expected.height, expected.width)) + 1
    for one, other in ((actual, expected), (expected, actual)):
        grown = eroded((other.mask() > 0.5).float()[None], size, 1, size // 2)[0]
        assert ((one.mask() > 0.5).float() <= grown).all()


@pytest.mark.parametrize("name", SCOPES)
@pytest.mark.parametrize("level", [0, 16])
def test_detect_content_area_fits_each_scope_also_after_jpeg(name, level):
    frame = framed(SCOPES[name], level)
    assert_same_area(detect_content_area(frame), SCOPES[name])
    assert_same_area(detect_content_area(jpeg(frame)), SCOPES[name])


def test_detect_content_area_detects_bars_of_two_pixels():
    area = ContentArea(256, 320, left=2, right=318)
    frame = framed(area)
    for variant in (frame, jpeg(frame), jpeg(frame, 50)):
        detected = detect_content_area(variant)
        assert detected is not None
        assert (detected.left, detected.right) == pytest.approx((2, 318), abs=1)
    assert detect_content_area(framed(ContentArea(256, 320, left=1, right=319))) is None


def test_detect_content_area_ignores_text_in_the_surround_and_black_shafts():
    frame = Image.fromarray(framed(SCOPES["round"]))
    draw = ImageDraw.Draw(frame)
    draw.text((1, 1), "A. B.", fill=(220, 220, 220))
    draw.polygon([(20, 90), (80, 60), (84, 66), (28, 100)], fill=(4, 4, 4))
    assert_same_area(detect_content_area(np.asarray(frame)), SCOPES["round"])


def test_detect_content_area_fits_the_ellipse_of_a_resized_circle():
    area = ContentArea(240, 320, center_x=160, center_y=120, radius_x=112, radius_y=112, feather=2)
    squeezed = np.asarray(Image.fromarray(framed(area)).resize((128, 128), Image.Resampling.BILINEAR))
    assert_same_area(detect_content_area(squeezed), area.at_size(128, 128))


def test_detect_content_area_detects_nothing_without_a_surround():
    rows, columns = np.mgrid[-1 : 1 : HEIGHT * 1j, -1 : 1 : WIDTH * 1j]
    vignette = np.clip(1.2 - 0.5 * (rows**2 + columns**2) ** 1.5, 0, 1)[..., None]
    shaft = scene()
    shaft[:, :40] = np.where(np.arange(HEIGHT)[:, None, None] > 50 + np.arange(40)[:, None], 3, shaft[:, :40])
    dark_corner = scene()
    dark_corner[:50, :30] = 2  # a rectangle at one corner only
    frames = {
        "scene": scene(),
        "vignette": (scene() * vignette).astype(np.uint8),
        "shaft": shaft,
        "dark corner": dark_corner,
        "black": np.zeros((HEIGHT, WIDTH, 3), np.uint8),
        "dark": (scene() * 0.06).astype(np.uint8),
        "noise": np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8),
    }
    for name, frame in frames.items():
        assert detect_content_area(frame) is None, name


def test_detect_content_area_excludes_no_scene_of_random_crops():
    generator = np.random.default_rng(0)
    for seed in range(30):
        frame = scene(200, 200, seed)
        frame = (frame * generator.uniform(0.1, 1)).astype(np.uint8)
        top, left = generator.integers(0, 100, 2)
        assert detect_content_area(frame[top : top + 90, left : left + 100]) is None


def test_detect_content_areas_gives_that_of_bytes_for_floats_and_threads():
    frames = np.stack([framed(area) for area in SCOPES.values()] + [scene()])
    images = torch.from_numpy(frames).permute(0, 3, 1, 2)
    expected = tuple(map(detect_content_area, frames))
    assert expected[-1] is None
    assert detect_content_areas(images) == expected
    assert detect_content_areas(images.float() / 255) == expected
    with ThreadPoolExecutor(4) as pool:
        assert tuple(pool.map(detect_content_area, frames)) == expected


@pytest.mark.parametrize("name", ["round", "cut off", "bars"])
def test_detect_content_area_is_about_equal_at_another_resolution(name):
    frame = framed(SCOPES[name].at_size(2 * HEIGHT, 2 * WIDTH))
    smaller = np.asarray(Image.fromarray(frame).resize((WIDTH, HEIGHT), Image.Resampling.BOX))
    large, small = detect_content_area(frame), detect_content_area(smaller)
    assert large is not None
    assert_same_area(small, large.at_size(HEIGHT, WIDTH), 0.02)


@pytest.mark.parametrize("name", SCOPES)
def test_fill_index_takes_pixels_inside_and_leaves_those_where_they_are(name):
    area = SCOPES[name]
    mask, index = area.mask(), area.fill_index()
    inside = mask == 1
    assert inside.flatten()[index.flatten()].all()
    pixels = torch.arange(HEIGHT * WIDTH).view(HEIGHT, WIDTH)
    assert torch.equal(index[inside], pixels[inside])
    # Next to the edge the fill comes from next to the edge.
    near = (mask == 0) & (torch.nn.functional.max_pool2d(mask[None], 5, 1, 2)[0] == 1)
    rows, columns = near.nonzero().T
    source = index[near]
    distance = torch.hypot((rows - source // WIDTH).double(), (columns - source % WIDTH).double())
    assert distance.max() < 16


def test_mask_is_exact_for_bars_and_cached():
    area = SCOPES["bars"]
    assert area.mask() is area.mask()
    assert torch.equal(area.mask()[0].bool(), (torch.arange(WIDTH) >= 20) & (torch.arange(WIDTH) < 139))
    assert area.share == pytest.approx(119 / 160)


def test_at_size_scales_both_axes():
    area = SCOPES["round"].at_size(60, 160)
    assert (area.radius_x, area.radius_y, area.center_x, area.center_y) == (54, 27, 78, 30.5)
    assert area.share == pytest.approx(SCOPES["round"].share, abs=0.01)
    assert SCOPES["bars"].at_size(60, 80).left == 10
