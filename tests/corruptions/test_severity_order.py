"""Severity is an order: the mean SSIM falls at each step, on synthetic and on real frames."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from robustbench_endo.corruptions import CORRUPTIONS, SEVERITIES, Corruption
from robustbench_endo.data.synthetic import SyntheticScenes
from robustbench_endo.metrics import CleanReference

COUNT = 8
each_corruption = pytest.mark.parametrize("corruption", CORRUPTIONS, ids=lambda item: item.name)


@pytest.fixture(scope="module")
def synthetic() -> Tensor:
    scenes = SyntheticScenes(split="test", frames=COUNT, size=(256, 320))
    return torch.stack([scenes[i].image for i in range(COUNT)]).float() / 255


@pytest.fixture(scope="module")
def real(shared_data: Path) -> Tensor:
    paths = sorted((shared_data / "endovis15").glob("*/*/image/*.png"))
    selected = paths[:: len(paths) // COUNT][:COUNT]
    stack = [np.asarray(Image.open(path).convert("RGB").resize((320, 256))) for path in selected]
    return torch.from_numpy(np.stack(stack)).permute(0, 3, 1, 2).float() / 255


@pytest.mark.slow
@each_corruption
def test_severity_lowers_the_mean_ssim_of_synthetic_scenes(corruption: Corruption, synthetic: Tensor) -> None:
    assert_falls(corruption, synthetic)


@pytest.mark.slow
@each_corruption
def test_severity_lowers_the_mean_ssim_of_real_frames(corruption: Corruption, real: Tensor) -> None:
    assert_falls(corruption, real)


def assert_falls(corruption: Corruption, images: Tensor) -> None:
    clean = CleanReference(images)
    ids = [f"{i}.png" for i in range(len(images))]
    means = [float(clean.ssim(corruption(images, severity, ids).images).mean()) for severity in (0, *SEVERITIES)]
    assert means == sorted(means, reverse=True)
    assert len(set(means)) == 6


@pytest.mark.slow
@each_corruption
def test_severity_lowers_the_mean_ssim_at_other_sizes(corruption: Corruption, synthetic: Tensor) -> None:
    for side in (192, 512):
        assert_falls(
            corruption, F.interpolate(synthetic[:3], size=(side, side * 5 // 4), mode="bilinear", antialias=True)
        )
