"""Tiles of a batch of frames that bubbles cover, so that a GPU draws all bubbles at once.

A pair is a bubble and a tile that it covers, at least in part. Pairs are in groups, one bubble per tile in each; group
by group, tiles with more bubbles are first. The sum over the bubbles of every tile is then one addition per group.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from robustbench_endo.corruptions.kernels.backend import Doubles, Indices, Indices32

SIDE = 16
"""Pixels along the side of a tile."""


@dataclass(frozen=True)
class CoveredTiles:
    """Pairs of a bubble and a tile.

    Attributes:
        bubble: int64 (n,), index of the bubble of each pair.
        left: int64 (n,), first column of pixels of its tile.
        top: int64 (n,), first row of pixels of its tile.
        groups: sizes of the groups, which decrease; the first is the number of covered tiles, the order of which is
            the same in all groups.
        position: int32 (B * rows * columns,), position of each tile of the frames among the covered ones, or
            ``groups[0]`` (0 without groups) if no bubble covers it.
        rows: tiles along the height of a frame.
        columns: tiles along the width of a frame.
    """

    bubble: Indices
    left: Indices
    top: Indices
    groups: tuple[int, ...]
    position: Indices32
    rows: int
    columns: int


def covered_tiles(frame: Indices, bubbles: Doubles, count: int, size: tuple[int, int]) -> CoveredTiles:
    """The tiles that bubbles cover.

    Args:
        frame: int64 (k,), the frame of each bubble, which do not decrease.
        bubbles: float64 (k, 3): x and y of the centre, and the radius, in pixels; centres lie within the frame.
        count: number of frames.
        size: height and width of the frames.
    """
    rows, columns = (-(-side // SIDE) for side in size)
    (left, across), (top, down) = (
        _tiles_along(bubbles[:, axis], bubbles[:, 2], side) for axis, side in ((0, size[1]), (1, size[0]))
    )
    pairs = across * down
    bubble = np.repeat(np.arange(len(bubbles)), pairs)
    index = np.arange(len(bubble)) - np.repeat(np.cumsum(pairs) - pairs, pairs)
    x, y = left[bubble] + index % across[bubble], top[bubble] + index // across[bubble]
    tile = (frame[bubble] * rows + y) * columns + x
    # Bubbles of a tile are numbered in their order; tiles are ranked by their number of bubbles.
    by_tile = np.argsort(tile, kind="stable")
    per_tile = np.bincount(tile, minlength=count * rows * columns)
    group = np.empty_like(by_tile)
    group[by_tile] = np.arange(len(tile)) - np.repeat(np.cumsum(per_tile) - per_tile, per_tile)
    position = np.empty(len(per_tile), np.int64)
    position[np.argsort(-per_tile, kind="stable")] = np.arange(len(per_tile))
    position = np.minimum(position, np.count_nonzero(per_tile))
    order = np.lexsort((position[tile], group))
    groups = tuple(np.bincount(group).tolist())
    return CoveredTiles(
        bubble[order], x[order] * SIDE, y[order] * SIDE, groups, position.astype(np.int32), rows, columns
    )


def _tiles_along(centre: Doubles, radius: Doubles, side: int) -> tuple[Indices, Indices]:
    """First tile along an axis, and number of tiles, of each bubble."""
    first = np.maximum(centre - radius, 0.0).astype(np.int64) // SIDE
    last = np.minimum((centre + radius).astype(np.int64), side - 1) // SIDE
    return first, last - first + 1
