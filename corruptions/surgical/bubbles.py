"""Irrigation: a film of water with bubbles on the lens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from robustbench_endo.corruptions.base import Category, CorruptedBatch, Corruption, Px
from robustbench_endo.corruptions.kernels.backend import Doubles, Floats, Indices, use_numba
from robustbench_endo.corruptions.kernels.compiled import njit
from robustbench_endo.corruptions.kernels.device_tables import device_table
from robustbench_endo.corruptions.kernels.fluids.grid import CoarseGrid, spline_noise, to_frame
from robustbench_endo.corruptions.kernels.host_values import constant, upload
from robustbench_endo.corruptions.kernels.interpolation.remap import identity_grid, remap
from robustbench_endo.corruptions.rng import Noise
from robustbench_endo.corruptions.surgical.bubble_tiles import SIDE, covered_tiles

_BUBBLES, _FILM = 0, 1  # streams; the film takes two
_MOST = 400  # bubbles that are drawn for a frame, of which a severity shows the first ones that have room
_FILM_SPACING = 26.0  # nodes between the random nodes of the film
_CLOSEST = 0.92  # distance of two bubbles over the sum of their radii: foam is pressed together
_RIM = 0.80  # share of the radius from which a bubble darkens by total internal reflection

Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class BubblesParams:
    """Parameters of :class:`Bubbles`.

    Attributes:
        count: number of bubbles.
        radius: radius of a bubble of medium size, in pixels.
        film: standard deviation of the displacement by the waves of the film, in pixels.
    """

    count: Annotated[int, "count"]
    radius: Px
    film: Px


@dataclass(frozen=True)
class Bubbles(Corruption):
    """Waves of a film displace the scene; bubbles show it reduced, with a dark rim and the reflection of the lamp.

    The returned grid contains the displacements, the opacity the rims and reflections.

    >>> Bubbles().severities[2]
    BubblesParams(count=45, radius=9.0, film=1.0)
    """

    name: ClassVar[str] = "bubbles"
    category: ClassVar[Category] = "occlusion"
    cause: ClassVar[str] = "Irrigation: saline runs over the lens and foams where gas and suction meet it."
    citation: ClassVar[str] = "Ali et al., Scientific Reports 10, 2748, 2020 (bubbles among artefacts of endoscopy)."
    moves: ClassVar[bool] = True

    severities: tuple[BubblesParams, ...] = (
        BubblesParams(12, 9.0, 0.4),
        BubblesParams(25, 9.0, 0.7),
        BubblesParams(45, 9.0, 1.0),
        BubblesParams(80, 9.0, 1.5),
        BubblesParams(140, 9.0, 2.1),
    )

    def apply(self, images: Tensor, params: BubblesParams, noise: Noise) -> CorruptedBatch:
        """``images`` sampled at the refracted positions, darkened at the rims, with reflections added."""
        height, width = images.shape[-2:]
        coarse = CoarseGrid.of((height, width))
        waves = torch.cat([spline_noise(noise, coarse.size, _FILM_SPACING, _FILM + i) for i in range(2)], 1)
        shift = to_frame(waves * params.film, images.shape)
        frame, bubbles = _placed(noise.host, params, (height, width))
        add = _add_one_by_one if use_numba(images.device) else _add_at_once
        rims, shine = add(frame, bubbles, shift)
        per_pixel = constant((2.0 / width, 2.0 / height), images.device)
        grid = identity_grid(height, width, images.device) + shift.permute(0, 2, 3, 1) * per_pixel
        scene = remap(images, grid)
        result = scene.mul_(1.0 - rims).mul_(1.0 - shine).add_(shine)
        return CorruptedBatch(result, grid, torch.maximum(rims, shine).clamp_(0.0, 1.0))


def _placed(noise: Noise, params: BubblesParams, size: tuple[int, int]) -> tuple[Indices, Doubles]:
    """The bubbles of a batch: the frame of each, and x and y of its centre and its radius (k, 3), in pixels."""
    draws = noise.uniform((_MOST, 3), _BUBBLES).double().numpy()
    # Few bubbles are large: radii from 0.4 to 2.4 times the medium one.
    radii = np.array([params.radius * (0.4 + 2.0 * u**3) for u in draws[..., 2].ravel().tolist()])
    bubbles = np.stack((draws[..., 0] * size[1], draws[..., 1] * size[0], radii.reshape(draws.shape[:2])), -1)
    fits = _with_room(bubbles, params.count)
    return fits.nonzero()[0], bubbles[fits]


@njit(cache=True, nogil=True)
def _with_room(bubbles: Doubles, count: int) -> Flags:
    """Whether each of the bubbles (B, n, 3) is one of the first ``count`` of its frame that touch none before them."""
    fits = np.zeros(bubbles.shape[:2], np.bool_)
    before = np.empty(bubbles.shape[1], np.int64)
    for b in range(len(bubbles)):
        number = 0
        for i in range(bubbles.shape[1]):
            if number >= count:
                break
            free = True
            for j in before[:number]:
                dx, dy = bubbles[b, i, 0] - bubbles[b, j, 0], bubbles[b, i, 1] - bubbles[b, j, 1]
                closest = _CLOSEST * (bubbles[b, i, 2] + bubbles[b, j, 2])
                if dx * dx + dy * dy <= closest * closest:
                    free = False
                    break
            if free:
                fits[b, i], before[number] = True, i
                number += 1
    return fits


def _add_one_by_one(frame: Indices, bubbles: Doubles, shift: Tensor) -> tuple[Tensor, Tensor]:
    """Add the refraction of the bubbles to ``shift`` (B, 2, H, W); their rims and reflections, (B, 1, H, W) each."""
    height, width = shift.shape[-2:]
    rims, shine = torch.zeros_like(shift[:, :1]), torch.zeros_like(shift[:, :1])
    for b, (cx, cy, radius) in zip(frame.tolist(), bubbles.tolist(), strict=True):
        top, bottom = max(int(cy - radius), 0), min(int(cy + radius) + 1, height)
        left, right = max(int(cx - radius), 0), min(int(cx + radius) + 1, width)
        y = (torch.arange(top, bottom, dtype=torch.float32) + (0.5 - cy)).div_(radius)[:, None]
        x = (torch.arange(left, right, dtype=torch.float32) + (0.5 - cx)).div_(radius)[None]
        right_by, down_by, dark, bright = _optics(x, y, radius)
        window = (b, slice(None), slice(top, bottom), slice(left, right))
        shift[window] += torch.stack((right_by, down_by))
        rims[window] = torch.maximum(rims[window], dark)
        shine[window] = torch.maximum(shine[window], bright)
    return rims, shine


def _add_at_once(frame: Indices, bubbles: Doubles, shift: Tensor) -> tuple[Tensor, Tensor]:
    """:func:`_add_one_by_one` in a number of operations that depends neither on the batch nor on the bubbles.

    They work on the tiles that bubbles cover: at most about twice the pixels of the batch, as bubbles have room.
    """
    (count, _, height, width), device = shift.shape, shift.device
    tiles = covered_tiles(frame, bubbles, count, (height, width))
    cx, cy, radius = bubbles[tiles.bubble].T
    numbers = np.stack((tiles.left + 0.5 - cx, tiles.top + 0.5 - cy, radius)).astype(np.float32)
    # In one copy, the type of which is that of the positions.
    bits, position = upload((torch.from_numpy(numbers.view(np.int32)), torch.from_numpy(tiles.position)), device)
    x, y, radii = bits.view(torch.float32)[..., None, None].unbind()
    steps = device_table(_steps, device, SIDE)
    fields = torch.stack(_optics((steps + x).div_(radii), (steps[:, None] + y).div_(radii), radii))
    covered = fields.new_zeros(4, (*tiles.groups, 0)[0] + 1, SIDE, SIDE)  # the last tile is that without bubbles
    start = 0
    for size in tiles.groups:
        group = fields[:, start : start + size]
        covered[:2, :size] += group[:2]
        covered[2:, :size] = torch.maximum(covered[2:, :size], group[2:])
        start += size
    frames = covered.index_select(1, position).view(4, count, tiles.rows, tiles.columns, SIDE, SIDE)
    frames = frames.transpose(3, 4).reshape(4, count, tiles.rows * SIDE, tiles.columns * SIDE)[..., :height, :width]
    shift += frames[:2].transpose(0, 1)
    return frames[2, :, None], frames[3, :, None]


def _steps(count: int) -> Floats:
    return np.arange(count, dtype=np.float32)


def _optics(x: Tensor, y: Tensor, radius: Tensor | float) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Displacement along x and y in pixels, rim and reflections of a bubble at x (..., 1, w), y (..., h, 1) radii."""
    squared = x * x + y * y
    distance = squared.sqrt()
    # The border is smoothed over one pixel.
    inside = ((1.0 - distance) * radius + 0.5).clamp_(0.0, 1.0)
    # Gas in water diverges the rays: the scene is reduced, the more the nearer to the rim.
    power = inside * (0.35 + 1.1 * squared * squared) * radius
    dark = ((distance - _RIM) / (1.0 - _RIM)).clamp_(0.0, 1.0)
    # The lamp, reflected by the near and, weaker and inverted, by the far wall.
    near, far = (_reflection(x, y, inside, *wall) for wall in ((-0.42, 0.16, 0.95), (0.55, 0.26, 0.35)))
    return x * power, y * power, inside * dark * dark * 0.65, torch.maximum(near, far)


def _reflection(x: Tensor, y: Tensor, inside: Tensor, centre: float, size: float, strength: float) -> Tensor:
    """The lamp, reflected at a position and with a size in radii."""
    squared = ((x - centre) ** 2 + (y - centre) ** 2) / size**2
    spot = (1.0 - squared * 0.5).clamp_(0.0, 1.0)
    return inside * spot * spot * strength
