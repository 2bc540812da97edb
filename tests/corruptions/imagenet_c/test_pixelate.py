"""Pixelation on the grid of 224 against Pillow, with which the authors' code resizes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from robustbench_endo.corruptions import load_suite
from robustbench_endo.corruptions.imagenet_c.pixelate import Pixelate

CELLS = [134, 112, 89, 67, 56]


@pytest.mark.parametrize("severity", [1, 2, 3, 4, 5])
def test_pixelate_equals_the_steps_of_pillow(severity: int, tiles: NDArray[np.uint8]) -> None:
    cells = CELLS[severity - 1]
    small = Image.fromarray(tiles).resize((cells, cells), Image.Resampling.BOX)
    grid = small.resize((224, 224), Image.Resampling.BOX)
    theirs = np.array(grid.resize((256, 256), Image.Resampling.BILINEAR)).astype(float)
    images = torch.from_numpy(tiles).permute(2, 0, 1)[None].float() / 255
    ours = load_suite("endoarss").corrupt(images, "pixelate", severity, ["a"]).images[0].permute(1, 2, 0) * 255
    # Pillow rounds to integer levels after each of the two passes of each step.
    assert np.abs(ours.numpy() - theirs).max() <= 6 * 0.5
    assert np.abs(ours.numpy() - theirs).mean() < 0.6


def test_pixelate_has_as_many_cells_at_every_size(frames: Callable[..., Tensor]) -> None:
    for side in (64, 256):
        images = frames(1, side, side)
        means = [images, Pixelate()(images, 5, ["a"]).images]
        assert torch.allclose(means[0].mean((2, 3)), means[1].mean((2, 3)), atol=5e-3)
