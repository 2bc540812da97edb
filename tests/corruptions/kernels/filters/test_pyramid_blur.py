"""Filters at a reduced scale: nothing moves, and their variance is the one that is reported."""

from __future__ import annotations

import pytest
import torch

from robustbench_endo.corruptions.kernels.filters.pyramid_blur import added_variance, filter_at_reduced_scale


@pytest.mark.parametrize("border", ["nearest", "mirror"])
def test_filter_at_reduced_scale_keeps_a_ramp_in_position(border: str) -> None:
    ramp = torch.linspace(0, 1, 61)[None, None, None].expand(1, 1, 50, 61).contiguous()
    restored = filter_at_reduced_scale(ramp, 3, 9, border, lambda coarse: coarse)
    assert torch.allclose(restored[..., 4:-4], ramp[..., 4:-4], atol=1e-5)


def test_filter_at_reduced_scale_by_one_is_the_filter() -> None:
    images = torch.rand(1, 1, 40, 50)
    assert torch.equal(filter_at_reduced_scale(images, 1, 0, "nearest", lambda full: full * 0.5), images * 0.5)
    assert added_variance(1) == 0


@pytest.mark.parametrize("factor", [2, 3, 4, 8])
def test_added_variance_is_that_of_a_dot(factor: int) -> None:
    # The mean over all positions of the dot relative to the cells.
    variances = []
    axis = torch.arange(121, dtype=torch.float64)
    for offset in range(factor):
        dot = torch.zeros(1, 1, 40, 121)
        dot[..., 60 + offset] = 1.0
        profile = filter_at_reduced_scale(dot, factor, 0, "nearest", lambda coarse: coarse)[0, 0, 20].double()
        profile = profile / profile.sum()
        variances.append(float((profile * axis**2).sum() - (profile * axis).sum() ** 2))
    assert sum(variances) / factor == pytest.approx(added_variance(factor), rel=0.05)
