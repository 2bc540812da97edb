"""The images of a page fit their budget."""

from __future__ import annotations

import base64
import io

import pytest
from PIL import Image

from robustbench_endo.reports.data.gallery import drops, gallery_grid
from robustbench_endo.reports.html.images import image_sources


@pytest.fixture
def results(make_run):
    return make_run(corruptions=["smoke"], severities=[1, 2])


@pytest.fixture
def grid(results):
    return gallery_grid(results, results.gallery()[0], 320)


def decode(address: str) -> tuple[str, Image.Image]:
    kind, _, data = address.partition(";base64,")
    return kind, Image.open(io.BytesIO(base64.b64decode(data)))


def test_image_sources_shrink_until_they_fit(results, grid):
    large = image_sources([grid], results.models)
    small = image_sources([grid, grid], results.models, budget=1)
    assert small.size < large.size
    assert len(small.grids) == 1
    clean = large.grids[0].clean
    kind, image = decode(clean.source)
    assert kind == "data:image/jpeg"
    assert image.size == (clean.width, clean.height) == (80, 64)


def test_image_sources_of_many_models_lose_masks_at_last(results, grid):
    full = image_sources([grid], results.models)
    part = image_sources([grid], results.models, budget=1)
    keys = {mask.key for _, row in part.grids[0].rows for image in row for mask in image.masks}
    assert keys == {"t", "0"}
    assert part.size < full.size


def test_image_sources_contain_masks_of_target_and_models(results, grid):
    (encoded,) = image_sources([grid], results.models).grids
    assert [label for label, _ in encoded.rows] == ["Smoke"]
    image = encoded.rows[0][1][1]
    assert [(mask.key, mask.name) for mask in image.masks] == [
        ("t", "ground truth"),
        *((str(index), model) for index, model in enumerate(results.models)),
    ]
    assert all(decode(mask.source)[0] == "data:image/png" for mask in image.masks)
    assert [mask.score for mask in image.masks[1:]] == [grid.rows["smoke"][1].scores[m] for m in results.models]
    assert image.size == len(image.source) + sum(len(mask.source) for mask in image.masks)


def test_image_sources_contain_clean_and_corrupted_image_of_drops(results):
    rows = drops(results, 320, 3)
    sources = image_sources([], results.models, rows)
    assert len(sources.drops) == len(rows) == 3
    for drop, pair in zip(rows, sources.drops, strict=True):
        assert [image is None for image in pair] == [drop.clean is None, drop.corrupted is None]
