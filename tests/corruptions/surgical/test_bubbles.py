"""Bubbles."""

from __future__ import annotations

import dataclasses
from itertools import combinations

import pytest
import torch

from robustbench_endo.corruptions.rng import Noise
from robustbench_endo.corruptions.surgical.bubbles import Bubbles, BubblesParams, _placed


def test_bubbles_return_the_grid_that_moved_the_scene() -> None:
    images = torch.rand(1, 3, 96, 96, generator=torch.Generator().manual_seed(0))
    batch = Bubbles()(images, 4, ["a"])
    assert batch.grid is not None
    assert batch.opacity is not None
    sampled = torch.nn.functional.grid_sample(images, batch.grid, padding_mode="reflection", align_corners=False)
    clear = (batch.opacity == 0).expand_as(images)
    assert clear.float().mean() > 0.3
    assert torch.allclose(batch.images[clear], sampled[clear], atol=1e-4)


def test_bubbles_show_the_scene_reduced() -> None:
    single = Bubbles(tuple(BubblesParams(1, 20.0, 0.0) for _ in range(5)))
    grid = single(torch.rand(1, 3, 128, 128), 1, ["a"], reference_size=None).grid
    assert grid is not None
    still = Bubbles(tuple(dataclasses.replace(item, count=0) for item in single.severities))
    base = still(torch.rand(1, 3, 128, 128), 1, ["a"], reference_size=None).grid
    assert base is not None
    moved = (grid - base).abs().sum(-1) > 1e-4
    assert 0.001 < moved.float().mean() < 0.5
    # The rays diverge: neighbours inside the bubble are sampled farther apart.
    spacing = (grid[0, :, 1:, 0] - grid[0, :, :-1, 0])[moved[0, :, 1:] & moved[0, :, :-1]]
    assert spacing.median() > 1.2 * 2 / 128


def test_bubbles_of_a_severity_remain_at_the_next() -> None:
    images = torch.full((1, 3, 96, 96), 0.5)
    few, many = (
        Bubbles(tuple(BubblesParams(count, 6.0, 0.0) for _ in range(5)))(images, 1, ["a"]).opacity for count in (3, 9)
    )
    assert few is not None
    assert many is not None
    assert (many >= few).all()
    assert many.sum() > few.sum()


def test_placed_bubbles_have_room_and_are_the_first_that_have() -> None:
    frame, bubbles = _placed(Noise((1, 2), torch.device("cpu")), BubblesParams(60, 9.0, 0.0), (100, 120))
    assert len(bubbles) <= 120
    for b in range(2):
        for first, second in combinations(bubbles[frame == b].tolist(), 2):
            distance = ((first[0] - second[0]) ** 2 + (first[1] - second[1]) ** 2) ** 0.5
            assert distance > 0.92 * (first[2] + second[2])
    draws = Noise((1,), torch.device("cpu")).uniform((400, 3), 0)[0].double()
    assert bubbles[0].tolist() == pytest.approx(
        [float(draws[0, 0]) * 120, float(draws[0, 1]) * 100, 9.0 * (0.4 + 2.0 * float(draws[0, 2]) ** 3)]
    )


@pytest.mark.parametrize("severity", [1, 5])
def test_bubbles_at_once_are_those_one_by_one(severity: int, request: pytest.FixtureRequest) -> None:
    images, ids = torch.rand(3, 3, 90, 75, generator=torch.Generator().manual_seed(0)), ["a", "b", "c"]
    expected = Bubbles()(images, severity, ids)
    request.getfixturevalue("plain_torch")
    batch = Bubbles()(images, severity, ids)
    assert expected.grid is not None
    assert expected.opacity is not None
    torch.testing.assert_close(batch.grid, expected.grid, atol=1e-5, rtol=0)
    torch.testing.assert_close(batch.opacity, expected.opacity, atol=1e-4, rtol=0)
    torch.testing.assert_close(Bubbles()(images[1:2], severity, ids[1:2]).opacity, batch.opacity[1:2], atol=0, rtol=0)


def test_bubbles_at_once_may_be_none(plain_torch: None) -> None:
    none = Bubbles(tuple(BubblesParams(0, 9.0, 1.0) for _ in range(5)))(torch.rand(2, 3, 40, 50), 1, ["a", "b"])
    assert none.opacity is not None
    assert none.opacity.eq(0).all()
