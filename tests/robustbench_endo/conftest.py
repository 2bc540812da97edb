"""Label maps on which metrics and tasks are tested, and an empty cache of compiled kernels."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy import ndimage
from torch import Tensor

LabelMaps = Callable[..., Tensor]


@pytest.fixture
def label_maps() -> LabelMaps:
    """A function that returns a random map (1, H, W) of smooth blobs, in which some classes are absent."""

    def make(seed: int, classes: int = 4, size: tuple[int, int] = (48, 61), blur: float = 4.0) -> Tensor:
        random = np.random.default_rng(seed)
        fields = ndimage.gaussian_filter(random.normal(size=(classes, *size)), (0, blur, blur))
        fields += random.normal(size=(classes, 1, 1)) * fields.std() * 1.5
        return torch.from_numpy(fields.argmax(0).astype(np.uint8))[None]

    return make


@pytest.fixture
def kernel_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """The folder of compiled kernels, empty."""
    from robustbench_endo.corruptions.kernels import cache_folder

    monkeypatch.setenv("ROBUST_ENDO_CACHE", str(tmp_path))
    cache_folder.cache_root.cache_clear()
    root = cache_folder.kernels_root()
    assert root is not None
    root.mkdir(parents=True)
    yield root
    cache_folder.cache_root.cache_clear()
