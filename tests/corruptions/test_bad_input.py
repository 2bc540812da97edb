"""What a corruption says when it is given something it cannot damage."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from robustbench_endo.corruptions import corrupt, load_suite
from robustbench_endo.errors import RobustEndoError

GOOD = torch.full((2, 3, 40, 40), 0.5)
IDS = ("a", "b")
NAN = GOOD.clone()
NAN[0, 0, 0, 0] = float("nan")

TABLE = [
    ((GOOD[0], IDS, 1), r"shape \(B, 3, H, W\), got \(3, 40, 40\)"),
    ((GOOD[:, :1], IDS, 1), r"got \(2, 1, 40, 40\)"),
    ((GOOD.numpy(), IDS, 1), "got ndarray"),
    ((GOOD.mul(255).byte(), IDS, 1), r"got torch\.uint8: divide uint8 images by 255"),
    ((GOOD * 255, IDS, 1), r"in \[0, 1\], got 127\.5 to 127\.5"),
    ((GOOD - 1, IDS, 1), r"in \[0, 1\], got -0\.5"),
    ((NAN, IDS, 1), "Expected finite image values"),
    ((GOOD[..., :31], IDS, 1), "at least 32 x 32 pixels, got 40 x 31"),
    ((GOOD, ("a",), 1), "one id for each of the 2 images, got 1 ids"),
    ((GOOD, "ab", 1), "got one string"),
    ((GOOD, ("a", "a"), 1), "ids that differ within a batch, got 'a' more than once"),
    ((GOOD, IDS, 6), "gaussian_noise: expected a severity from 0 to 5, got 6"),
    ((GOOD, IDS, -1), "got -1"),
    ((GOOD, IDS, 2.5), r"got 2\.5"),
    ((GOOD, IDS, True), "got True"),
]


@pytest.mark.parametrize(("call", "text"), TABLE)
def test_a_batch_that_cannot_be_damaged(call: tuple[Any, Any, Any], text: str) -> None:
    images, ids, severity = call
    with pytest.raises(RobustEndoError, match=text):
        load_suite("endo19").corrupt(images, "gaussian_noise", severity, ids)


PICTURE = np.full((40, 40, 3), 128, np.uint8)
PICTURES = np.stack([PICTURE, PICTURE])
FUNCTIONAL = [
    ((PICTURES, None), "Expected ids, one stable name for each of the 2 images, got none"),
    ((GOOD, None), "Expected ids"),
    ((PICTURE[..., 0], None), r"got uint8 \(40, 40\): stack a grey image three times"),
    ((np.zeros((40, 40, 4), np.uint8), None), r"got uint8 \(40, 40, 4\).*drop an alpha channel"),
    ((PICTURE / 255, None), r"Expected a uint8 array .* got float64"),
    (([1, 2], None), "got list"),
]


@pytest.mark.parametrize(("call", "text"), FUNCTIONAL)
def test_pictures_that_cannot_be_damaged(call: tuple[Any, Any], text: str) -> None:
    with pytest.raises(RobustEndoError, match=text):
        corrupt(call[0], "gaussian_noise", 1, call[1])


def test_an_unknown_corruption_names_the_closest() -> None:
    with pytest.raises(RobustEndoError, match=r"got 'gausian_noise': did you mean gaussian_noise"):
        corrupt(PICTURE, "gausian_noise", 1)
