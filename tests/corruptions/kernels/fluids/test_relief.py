"""The relief of droplets: each step against OpenCV, scipy or by hand, and both forms against each other."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.ndimage import distance_transform_edt
from torch import Tensor

from robustbench_endo.corruptions.imagenet_c.spatter import SpatterParams, liquid_level
from robustbench_endo.corruptions.kernels.filters.separable import gaussian_blur
from robustbench_endo.corruptions.kernels.fluids.relief import (
    canny_edges,
    canny_edges_torch,
    distance_transform,
    distance_transform_torch,
    emboss,
    emboss_torch,
    equalise_histogram,
)
from robustbench_endo.corruptions.rng import Noise


@pytest.fixture
def level() -> Tensor:
    """Droplets of level 170 and above on nothing, (2, 1, 64, 81)."""
    noise = gaussian_blur(torch.randn(2, 1, 64, 81, generator=torch.Generator().manual_seed(0)), 2.5) * 2.0
    return torch.where(noise > 0.2, (170 + 50 * noise).clamp(max=255), 0.0).floor()


def test_canny_edges_compiled_equals_torch(level: Tensor) -> None:
    assert canny_edges(level).any()
    assert torch.equal(canny_edges(level), canny_edges_torch(level))


@pytest.mark.parametrize("sigma", [2.0, 4.0])
def test_canny_edges_are_those_of_opencv(sigma: float) -> None:
    cv2 = pytest.importorskip("cv2", reason="opencv-python is not installed")
    noise = Noise((7,), torch.device("cpu"))
    liquid = liquid_level((128, 160), SpatterParams(0.65, 0.3, sigma, 0.68, 0.6), noise)
    level = (liquid * 255).floor()
    expected = cv2.Canny(level[0, 0].numpy().astype(np.uint8), 50, 150) > 0
    assert expected.any()
    # Their second, lower threshold adds a few pixels that are connected to an edge.
    assert (canny_edges(level)[0, 0].numpy() != expected).sum() <= 0.02 * expected.sum()


def test_distance_transform_is_that_of_scipy_cut_off() -> None:
    marked = torch.rand(2, 1, 61, 83, generator=torch.Generator().manual_seed(0)) > 0.995
    expected = np.stack([distance_transform_edt(~plane) for plane in marked[:, 0].numpy()]).clip(max=20)
    for function in (distance_transform, distance_transform_torch):
        assert np.allclose(function(marked, 20)[:, 0].numpy(), expected, atol=1e-5)


def test_distance_transform_without_a_mark_is_the_reach() -> None:
    assert (distance_transform(torch.zeros(1, 1, 32, 40, dtype=torch.bool), 7) == 7).all()
    assert (distance_transform_torch(torch.zeros(1, 1, 32, 40, dtype=torch.bool), 7) == 7).all()


def test_equalise_histogram_by_hand() -> None:
    levels = torch.tensor([0, 0, 1, 2]).reshape(1, 1, 2, 2)
    assert torch.equal(equalise_histogram(levels, 4).flatten(), torch.tensor([0.0, 0.0, 0.5, 1.0]))
    assert (equalise_histogram(torch.full((1, 1, 4, 4), 3), 4) == 0).all()


@pytest.mark.parametrize(("reach", "steps"), [(8, 8), (20, 1), (1, 1)])
def test_emboss_compiled_agrees_with_torch(level: Tensor, reach: int, steps: int) -> None:
    light = emboss(level, reach, steps)
    plain = emboss_torch(level, distance_transform(canny_edges(level), reach), reach, steps)
    assert (light - plain).abs().max() < 1e-5
    assert light.min() == 0
    assert (light.amax((1, 2, 3)) - 1).abs().max() < 1e-6


def test_emboss_gives_no_light_without_a_droplet(level: Tensor) -> None:
    light = emboss(level, 8, 8)
    assert (light[level == 0] == 0).all()
    assert (emboss(torch.zeros(1, 1, 32, 40), 8, 8) == 0).all()
