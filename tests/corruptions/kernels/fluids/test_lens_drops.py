"""Drops on the lens: which there are, and the scene that is seen through them."""

from __future__ import annotations

import dataclasses

import pytest
import torch

from robustbench_endo.corruptions.kernels.fluids.lens_drops import (
    BLOOD,
    LIQUIDS,
    WATER,
    DropOptics,
    LensDrops,
    draw_liquids,
    drop_sizes,
    lens_drop_heights,
    lens_drops,
    lens_layer,
    refracted,
)
from robustbench_endo.corruptions.rng import Noise

NOISE = Noise((7, 8), torch.device("cpu"))
DROPS = LensDrops(count=6.0, radius=12.0, warp=1.0, stream=0)


def test_lens_drops_of_a_count_are_among_those_of_a_higher_one() -> None:
    fewer, more = (lens_drops(dataclasses.replace(DROPS, count=count), (64, 80), NOISE) for count in (4.0, 6.0))
    assert torch.equal(fewer[:, :4], more[:, :4])
    assert torch.equal(fewer[:, 4:], more[:, 6:10])


def test_lens_drop_heights_grow_with_a_fraction_of_a_drop() -> None:
    heights = [lens_drop_heights(dataclasses.replace(DROPS, count=c), (64, 80), NOISE) for c in (5.0, 5.3, 5.8, 6.0)]
    areas = torch.stack([(height > 0).float().mean((1, 2, 3)) for height in heights])
    assert (areas.diff(dim=0) >= 0).all()
    assert (areas[-1] > areas[0]).all()
    assert heights[0].shape == (2, 1, 64, 80)


def test_drop_sizes_are_spread_in_each_prefix() -> None:
    sizes = drop_sizes(torch.tensor([[0.3]]), 12)[0]
    assert sizes.min() >= 0.16
    for count in (4, 8, 12):
        assert sizes[:count].min() < 0.35
        assert sizes[:count].max() > 0.6


def test_draw_liquids_follows_the_shares() -> None:
    draw = torch.tensor([[0.1], [0.59], [0.61], [0.85], [0.999]])
    expected = [LIQUIDS[i] for i in (0, 0, 1, 2, 2)]
    assert torch.equal(draw_liquids((0.6, 0.2, 0.2), draw), torch.tensor(expected))
    assert torch.equal(draw_liquids((0.0, 0.0, 1.0), draw), torch.tensor([BLOOD]).expand(5, -1, -1))


def test_refracted_shows_an_inverted_view_through_a_cap() -> None:
    ramp = torch.linspace(0, 1, 64).expand(1, 1, 64, 64)
    centre = torch.arange(64) - 31.5
    across, down = (
        -2.0 / 16.0 * offset for offset in (centre.expand(1, 1, 64, 64), centre[:, None].expand(1, 1, 64, 64))
    )
    view = refracted(ramp, down, across, displacement=64.0)
    assert (view[..., 28:37].diff(dim=-1) < 0).all()


@pytest.mark.parametrize("liquid", [WATER, BLOOD])
def test_lens_layer_is_empty_where_there_is_no_drop(liquid: tuple[tuple[float, ...], ...]) -> None:
    height = torch.zeros(1, 1, 64, 64)
    height[..., 20:30, 20:30] = 5.0
    layer = lens_layer(
        torch.full((1, 3, 128, 128), 0.5), height, torch.tensor([liquid]), DropOptics(20, 1, 0.5, 0.4, 10)
    )
    assert layer.shape == (1, 4, 64, 64)
    assert (layer[..., :16, :] == 0).all()
    assert layer[0, 0, 25, 25] > 0.95
    assert layer[:, :1].max() <= 1.0 + 1e-6
