"""Saturation: grey and value stay."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from robustbench_endo.corruptions.imagenet_c.saturate import Saturate


def test_saturate_keeps_grey_and_value(frames: Callable[..., Tensor]) -> None:
    images = frames(1)
    grey = images[:, :1].expand(-1, 3, -1, -1)
    assert torch.equal(Saturate()(grey, 5, ["a"]).images, grey)
    corrupted = Saturate()(images, 5, ["a"]).images
    assert torch.equal(corrupted.amax(1), images.amax(1))
    assert np.all((corrupted.amin(1) <= images.amin(1) + 1e-6).numpy())
