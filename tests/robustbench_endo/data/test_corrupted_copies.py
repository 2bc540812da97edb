"""Corrupted copies of frames: images, origin, checksums."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import robustbench_endo as rb
from robustbench_endo.corruptions import load_suite
from robustbench_endo.data import FolderDataset
from robustbench_endo.data.corrupted_copies import (
    Origin,
    corrupted_images,
    pixels_sha256,
    read_checksums,
    write_image,
)
from robustbench_endo.errors import DataError

ORIGIN = Origin("a.png", "smoke", 3, 0, "endo19", "hash", "sha", "0.1.0")


def test_write_image_stores_the_origin(tmp_path):
    pixels = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)
    path = tmp_path / "copy.png"
    write_image(path, pixels, ORIGIN)
    assert read_checksums(path, ORIGIN) is not None
    assert read_checksums(tmp_path / "missing.png", ORIGIN) is None


def test_read_checksums_of_another_origin_raises(tmp_path):
    path = tmp_path / "copy.png"
    write_image(path, np.zeros((4, 4, 3), np.uint8), ORIGIN)
    with pytest.raises(DataError, match="seed"):
        read_checksums(path, replace(ORIGIN, seed=1))


def test_pixels_sha256_depends_on_pixels_only():
    pixels = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)
    assert pixels_sha256(pixels) == pixels_sha256(np.asfortranarray(pixels))
    assert pixels_sha256(pixels) != pixels_sha256(pixels + 1)


def test_corrupted_images_equal_corrupt(make_folder):
    root = make_folder(frames=1)
    data, steps = FolderDataset(root), []
    suite = load_suite("endo19")
    images = corrupted_images(
        root / "test" / data.ids[0], suite, ["contrast"], [2, 4], 0, lambda done, total: steps.append((done, total))
    )
    frame = data[0].image.permute(1, 2, 0).numpy()
    expected = rb.corrupt(frame, "contrast", 4, ids=Path(data.ids[0]).name)
    assert steps == [(1, 2), (2, 2)]
    np.testing.assert_array_equal(images["contrast", 4], expected)
    assert ("contrast", 2) in images
