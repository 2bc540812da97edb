"""The spatter of ImageNet-C: its pixels, and the statistics of imagecorruptions."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from robustbench_endo.corruptions import load_suite
from robustbench_endo.corruptions.imagenet_c.spatter import Spatter

SUITE = load_suite("imagenet-c")
# Means of red, green and blue, and of the opacity, as recorded when suite endo19 had this model too.
RECORDED = {
    1: (0.503005, 0.254136, 0.253988, 0.004438),
    2: (0.512972, 0.267995, 0.267915, 0.019456),
    3: (0.523863, 0.282984, 0.282915, 0.035675),
    4: (0.477542, 0.243195, 0.236926, 0.102661),
    5: (0.462152, 0.237676, 0.22835, 0.166883),
}


@pytest.mark.parametrize("severity", [1, 2, 3, 4, 5])
def test_spatter_has_the_recorded_means(severity: int) -> None:
    y, x = torch.linspace(0, 1, 96)[:, None], torch.linspace(0, 1, 128)[None]
    batch = SUITE.corrupt(torch.stack([(y + x) / 2, y * x, (1 - x) * y])[None], "spatter", severity, ["a"])
    assert batch.opacity is not None
    means = (*batch.images.double().mean((0, 2, 3)).tolist(), float(batch.opacity.double().mean()))
    assert means == pytest.approx(RECORDED[severity], abs=2e-6)


@pytest.mark.parametrize(("severity", "tolerance"), [(1, 0.3), (2, 0.12), (3, 0.08), (4, 0.08), (5, 0.08)])
def test_spatter_has_the_statistics_of_imagecorruptions(severity: int, tolerance: float) -> None:
    package = pytest.importorskip("imagecorruptions", reason="imagecorruptions-imaug is not installed")
    grey = np.full((256, 256, 3), 100, np.uint8)
    np.random.seed(severity)  # noqa: NPY002 - the package draws from the global generator
    theirs = np.stack([package.corrupt(grey, corruption_name="spatter", severity=severity) for _ in range(16)])
    clean = torch.full((16, 3, 256, 256), 100 / 255)
    ours = SUITE.corrupt(clean, "spatter", severity, [str(i) for i in range(16)]).images.numpy() * 255
    for measure in (mean_change, covered_share):
        assert measure(ours) == pytest.approx(measure(theirs.astype(np.float64)), rel=tolerance)


def mean_change(images: NDArray[np.float64]) -> float:
    return float(images.mean() - 100.0)


def covered_share(images: NDArray[np.float64]) -> float:
    return float((np.abs(images - 100.0) > 1.5).mean())


@pytest.mark.parametrize("severity", [2, 5])
@pytest.mark.parametrize("size", [(32, 32), (47, 65)])
def test_spatter_is_finite_on_uniform_frames(severity: int, size: tuple[int, int]) -> None:
    for level in (0.0, 1.0):
        batch = Spatter()(torch.full((1, 3, *size), level), severity, ["a"], reference_size=None)
        assert batch.images.isfinite().all()
        assert batch.opacity.isfinite().all()
