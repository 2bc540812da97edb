"""Frames, similarity and opacity checks that the tests of occlusions share."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from skimage.metrics import structural_similarity
from torch import Tensor

from robustbench_endo.corruptions import CorruptedBatch


@pytest.fixture(scope="module")
def scenes(frames: Callable[..., Tensor]) -> Tensor:
    """Eight textured frames, (8, 3, 256, 256)."""
    return frames(8, 256, 256)


@pytest.fixture(scope="session")
def mean_ssim() -> Callable[[Tensor, Tensor], float]:
    """SSIM of two batches (B, 3, H, W), mean over the pairs."""

    def mean(clean: Tensor, corrupted: Tensor) -> float:
        pairs = zip(clean.mean(1).numpy(), corrupted.mean(1).numpy(), strict=True)
        return float(sum(structural_similarity(a, b, data_range=1.0) for a, b in pairs) / len(clean))

    return mean


@pytest.fixture(scope="session")
def assert_opacity() -> Callable[[CorruptedBatch, Tensor, float, float], None]:
    """Assert that pixels of opacity 0 are unchanged, and that a share of the pixels above a limit is changed."""

    def check(batch: CorruptedBatch, scenes: Tensor, limit: float, share: float) -> None:
        opacity = batch.opacity
        assert opacity is not None
        assert opacity.shape == (8, 1, 256, 256)
        assert 0.0 == opacity.min() < opacity.max() <= 1.0
        bare = (opacity == 0).expand_as(scenes)
        assert torch.equal(batch.images[bare], scenes[bare])
        changed = (batch.images != scenes).any(1, keepdim=True)
        assert changed[opacity > limit].float().mean() > share

    return check
