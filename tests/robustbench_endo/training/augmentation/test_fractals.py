"""Mixing images: in range, reproducible, different, and with structure."""

from __future__ import annotations

import numpy as np
import pytest

from robustbench_endo.training.augmentation.fractals import mixing_image


@pytest.mark.parametrize("index", range(6))
def test_mixing_image_is_in_range_and_has_structure(index):
    image = mixing_image(index, 48, 64)
    assert (image.shape, image.dtype) == ((3, 48, 64), np.float32)
    assert image.min() >= 0
    assert image.max() <= 1
    assert image.std() > 0.02
    neighbours = np.corrcoef(image[:, :, 1:].ravel(), image[:, :, :-1].ravel())[0, 1]
    assert neighbours > 0.2  # white noise has 0


def test_mixing_image_is_a_pure_function_and_cannot_be_changed():
    first = mixing_image(4, 24, 32)
    mixing_image.cache_clear()
    assert np.array_equal(first, mixing_image(4, 24, 32))
    assert len({mixing_image(index, 24, 32).tobytes() for index in range(12)}) == 12
    with pytest.raises(ValueError, match="read-only"):
        first[0, 0, 0] = 1
