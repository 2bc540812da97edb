"""Label maps that metrics are tested on."""

import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from scipy import ndimage
from torch import Tensor

LabelMaps = Callable[..., Tensor]


@pytest.fixture
def label_maps() -> LabelMaps:
    """Draw a random map (1, H, W) of smooth blobs, some of whose classes are absent."""

    def draw(seed: int, classes: int = 4, size: tuple[int, int] = (48, 61), blur: float = 4.0) -> Tensor:
        random = np.random.default_rng(seed)
        fields = ndimage.gaussian_filter(random.normal(size=(classes, *size)), (0, blur, blur))
        fields += random.normal(size=(classes, 1, 1)) * fields.std() * 1.5
        return torch.from_numpy(fields.argmax(0).astype(np.uint8))[None]

    return draw


@pytest.fixture(scope="session")
def peer_maps() -> dict[str, Any]:
    """What peer_maps.py defines: COUNT, CLASSES, pair."""
    return runpy.run_path(str(Path(__file__).with_name("peer_maps.py")))


@pytest.fixture(scope="session")
def peer_scores() -> Callable[..., Any]:
    """What a package gives on a pair of label maps."""
    return runpy.run_path(str(Path(__file__).with_name("peers.py")))["scores"]
