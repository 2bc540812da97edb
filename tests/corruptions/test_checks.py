"""Checks of what a corruption gets and returns."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from robustbench_endo.corruptions.checks import check_frames, check_images, check_output
from robustbench_endo.corruptions.errors import CorruptionError

IMAGES = torch.zeros(2, 3, 40, 48)


def test_check_images_compares_ids_as_they_are_keyed() -> None:
    check_images(IMAGES, ["a/b.png", "a/c.png"])
    with pytest.raises(CorruptionError, match="ids that differ within a batch, got 'a/b.png' more than once"):
        check_images(IMAGES, ["a/b.png", "./a\\b.png"])


def test_check_frames_rejects_small_frames_and_missing_ids() -> None:
    check_frames(np.zeros((1, 32, 32, 3), np.uint8), ["a"])
    with pytest.raises(CorruptionError, match="at least 32 x 32 pixels, got 31 x 40"):
        check_frames(np.zeros((1, 31, 40, 3), np.uint8), ["a"])
    with pytest.raises(CorruptionError, match="one id for each of the 2 images, got 1 ids"):
        check_frames(np.zeros((2, 32, 32, 3), np.uint8), ["a"])


def test_check_output_rejects_another_shape_or_type() -> None:
    check_output(IMAGES + 1, IMAGES, "smoke")
    with pytest.raises(CorruptionError, match="Corruption smoke: expected apply to return a tensor, got ndarray"):
        check_output(IMAGES.numpy(), IMAGES, "smoke")
    with pytest.raises(CorruptionError, match=r"expected apply to return shape \(2, 3, 40, 48\)"):
        check_output(IMAGES[:1], IMAGES, "smoke")
