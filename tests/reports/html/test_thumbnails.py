"""Thumbnails of kept frames fit their budget."""

from __future__ import annotations

import base64
import io

import numpy as np
import pytest
from PIL import Image

from robustbench_endo.predictions.codec import encode_label_map
from robustbench_endo.reports.html.thumbnails import thumbnails
from robustbench_endo.results.kept_frames import KeptFrame


def encoded(array, kind):
    buffer = io.BytesIO()
    Image.fromarray(array).save(buffer, kind)
    return buffer.getvalue()


@pytest.fixture
def frames():
    image, labels = np.full((16, 20, 3), 90, np.uint8), np.eye(16, 20, dtype=np.uint8)
    maps = {model: encode_label_map(labels) for model in ("a", "b")}
    return [
        KeptFrame("smoke", 3, "worst", rank, f"frame {rank}", {"a": 0.5}, encoded(image, "WEBP"), None, maps)
        for rank in (0, 1)
    ]


def test_thumbnails_have_the_masks_of_the_models(frames):
    every = thumbnails(frames, ["b"])
    assert [each.frame.image_id for each in every] == ["frame 0", "frame 1"]
    assert every[0].source.startswith("data:image/webp;base64,")
    kind, _, content = every[0].masks[0].partition(";base64,")
    assert (kind, list(every[0].masks)) == ("data:image/png", [0])
    mask = Image.open(io.BytesIO(base64.b64decode(content))).convert("RGBA")
    np.testing.assert_array_equal(np.asarray(mask)[..., 3] > 0, np.eye(16, 20, dtype=bool))


def test_thumbnails_lose_ranks_then_masks_then_everything(frames):
    full = thumbnails(frames, ["a", "b"])
    single = thumbnails(frames, ["a", "b"], sum(each.size for each in full) - 1)
    assert [each.frame.rank for each in single] == [0]
    (bare,) = thumbnails(frames, ["a", "b"], single[0].size - 1)
    assert (bare.masks, bare.source) == ({}, full[0].source)
    assert thumbnails(frames, ["a", "b"], bare.size - 1) == thumbnails([], []) == []
