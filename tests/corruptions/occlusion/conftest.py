"""What the tests of the occluding corruptions share."""

from collections.abc import Callable

import pytest
from skimage.metrics import structural_similarity
from torch import Tensor


@pytest.fixture(scope="module")
def scenes(frames: Callable[..., Tensor]) -> Tensor:
    """Eight textured frames, (8, 3, 256, 256)."""
    return frames(8, 256, 256)


@pytest.fixture(scope="session")
def mean_ssim() -> Callable[[Tensor, Tensor], float]:
    """SSIM of two batches (B, 3, H, W), mean over the pairs."""

    def mean(clean: Tensor, damaged: Tensor) -> float:
        pairs = zip(clean.mean(1).numpy(), damaged.mean(1).numpy(), strict=True)
        return float(sum(structural_similarity(a, b, data_range=1.0) for a, b in pairs) / len(clean))

    return mean
