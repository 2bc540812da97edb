"""Gaussian blur at a reduced scale."""

from __future__ import annotations

import pytest
import torch

from robustbench_endo.corruptions.surgical.blur import blurred


@pytest.mark.parametrize("sigma", [1.5, 5.0])
def test_blurred_point_has_the_variance_of_the_gaussian(sigma: float) -> None:
    image = torch.zeros(1, 1, 65, 65)
    image[..., 32, 32] = 1
    x = torch.arange(65.0) - 32
    spread = blurred(image, sigma)[0, 0].sum(0)
    assert float(spread.sum()) == pytest.approx(1, abs=1e-3)
    assert float((spread * x * x).sum()) == pytest.approx(sigma**2, rel=0.05)


def test_blurred_by_nothing_is_the_image() -> None:
    image = torch.rand(1, 3, 32, 32)
    assert torch.equal(blurred(image, 0.0), image)
