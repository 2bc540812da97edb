"""Tiles that bubbles cover."""

from __future__ import annotations

import numpy as np

from robustbench_endo.corruptions.surgical.bubble_tiles import SIDE, covered_tiles

SIZE = (70, 50)
FRAME = np.array([0, 0, 2, 2])
BUBBLES = np.array([[3.0, 4.0, 9.0], [25.0, 20.0, 12.0], [49.5, 69.5, 3.0], [20.0, 30.0, 40.0]])


def test_covered_tiles_contain_every_pixel_of_every_bubble() -> None:
    tiles = covered_tiles(FRAME, BUBBLES, 3, SIZE)
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    for k, (cx, cy, radius) in enumerate(BUBBLES):
        covered = np.zeros((tiles.rows * SIDE, tiles.columns * SIDE), int)
        for left, top in zip(tiles.left[tiles.bubble == k], tiles.top[tiles.bubble == k], strict=True):
            covered[top : top + SIDE, left : left + SIDE] += 1
        assert covered.max() == 1
        inside = np.hypot(x + 0.5 - cx, y + 0.5 - cy) < radius + 0.5
        assert covered[: SIZE[0], : SIZE[1]][inside].all()


def test_covered_tiles_of_a_group_are_the_first_of_the_group_before() -> None:
    tiles = covered_tiles(FRAME, BUBBLES, 3, SIZE)
    assert sum(tiles.groups) == len(tiles.bubble)
    assert tiles.groups == tuple(sorted(tiles.groups, reverse=True))
    tile = (FRAME[tiles.bubble] * tiles.rows + tiles.top // SIDE) * tiles.columns + tiles.left // SIDE
    for start, size in zip(np.cumsum((0, *tiles.groups)), tiles.groups, strict=False):
        assert (tiles.position[tile[start : start + size]] == np.arange(size)).all()
    assert (np.delete(tiles.position, tile) == tiles.groups[0]).all()


def test_no_bubbles_cover_no_tiles() -> None:
    tiles = covered_tiles(FRAME[:0], BUBBLES[:0], 2, SIZE)
    assert tiles.groups == ()
    assert (tiles.position == 0).all()
    assert len(tiles.position) == 2 * tiles.rows * tiles.columns
