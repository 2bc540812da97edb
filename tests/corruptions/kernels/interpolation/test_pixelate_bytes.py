"""Pixelation of 8-bit images against that of values."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from torch import Tensor

from robustbench_endo.corruptions.kernels.interpolation.pixelate import pixelate
from robustbench_endo.corruptions.kernels.interpolation.pixelate_bytes import pixelate_bytes


@pytest.mark.parametrize("cells", [(96, 128), (57, 76), (30, 40), (8, 9), (1, 1)])
def test_pixelate_bytes_agrees_with_values(cells: tuple[int, int], frames: Callable[..., Tensor]) -> None:
    images = frames(1)
    levels = (images[0] * 255).round().byte().permute(1, 2, 0).numpy()
    expected = (pixelate(images, *cells)[0] * 255).permute(1, 2, 0).numpy()
    assert np.abs(pixelate_bytes(levels, *cells) - expected).max() < 0.51
