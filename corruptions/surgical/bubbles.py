"""Irrigation: a film of water with bubbles on the lens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

import torch
from torch import Tensor

from robustbench_endo.corruptions.base import Category, CorruptedBatch, Corruption, Px
from robustbench_endo.corruptions.kernels.fluids.grid import CoarseGrid, spline_noise, to_frame
from robustbench_endo.corruptions.kernels.host_values import constant
from robustbench_endo.corruptions.kernels.interpolation.remap import identity_grid, remap
from robustbench_endo.corruptions.rng import Noise

_BUBBLES, _FILM = 0, 1  # streams; the film takes two
_MOST = 400  # bubbles that are drawn for a frame, of which a severity shows the first ones that have room
_FILM_SPACING = 26.0  # nodes between the random nodes of the film
_CLOSEST = 0.92  # distance of two bubbles over the sum of their radii: foam is pressed together
_RIM = 0.80  # share of the radius from which a bubble darkens by total internal reflection

Bubble = tuple[float, float, float]


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
        rims, shine = torch.zeros_like(images[:, :1]), torch.zeros_like(images[:, :1])
        draws = noise.host.uniform((_MOST, 3), _BUBBLES).double().tolist()
        for b, bubbles in enumerate(draws):
            for bubble in _with_room(bubbles, params, (height, width)):
                _add_bubble(bubble, shift[b], rims[b, 0], shine[b, 0])
        per_pixel = constant((2.0 / width, 2.0 / height), images.device)
        grid = identity_grid(height, width, images.device) + shift.permute(0, 2, 3, 1) * per_pixel
        scene = remap(images, grid)
        result = scene.mul_(1.0 - rims).mul_(1.0 - shine).add_(shine)
        return CorruptedBatch(result, grid, torch.maximum(rims, shine).clamp_(0.0, 1.0))


def _with_room(draws: list[list[float]], params: BubblesParams, size: tuple[int, int]) -> list[Bubble]:
    """The first bubbles that touch none before them: centre x, y and radius, in pixels."""
    bubbles: list[Bubble] = []
    for x, y, u in draws:
        # Few bubbles are large: radii from 0.4 to 2.4 times the medium one.
        cx, cy, radius = x * size[1], y * size[0], params.radius * (0.4 + 2.0 * u**3)
        if len(bubbles) < params.count and all(
            (cx - left) ** 2 + (cy - top) ** 2 > (_CLOSEST * (radius + other)) ** 2 for left, top, other in bubbles
        ):
            bubbles.append((cx, cy, radius))
    return bubbles


def _add_bubble(bubble: Bubble, shift: Tensor, rims: Tensor, shine: Tensor) -> None:
    """Write the refraction, rim and reflections of one bubble to the fields of a frame."""
    height, width = rims.shape
    cx, cy, radius = bubble
    top, bottom = max(int(cy - radius), 0), min(int(cy + radius) + 1, height)
    left, right = max(int(cx - radius), 0), min(int(cx + radius) + 1, width)
    if top >= bottom or left >= right:
        return
    y = (torch.arange(top, bottom, device=rims.device, dtype=torch.float32) + (0.5 - cy)).div_(radius)[:, None]
    x = (torch.arange(left, right, device=rims.device, dtype=torch.float32) + (0.5 - cx)).div_(radius)[None]
    squared = x * x + y * y
    distance = squared.sqrt()
    # The border is smoothed over one pixel.
    inside = ((1.0 - distance) * radius + 0.5).clamp_(0.0, 1.0)
    window = (slice(top, bottom), slice(left, right))
    # Gas in water diverges the rays: the scene is reduced, the more the nearer to the rim.
    power = inside * (0.35 + 1.1 * squared * squared) * radius
    shift[0][window] += x * power
    shift[1][window] += y * power
    dark = ((distance - _RIM) / (1.0 - _RIM)).clamp_(0.0, 1.0)
    rims[window] = torch.maximum(rims[window], inside * dark * dark * 0.65)
    _add_reflections(x, y, inside, shine[window])


def _add_reflections(x: Tensor, y: Tensor, inside: Tensor, shine: Tensor) -> None:
    """The lamp, reflected by the near and, weaker and inverted, by the far wall of a bubble of radius 1."""
    for centre, size, strength in ((-0.42, 0.16, 0.95), (0.55, 0.26, 0.35)):
        squared = ((x - centre) ** 2 + (y - centre) ** 2) / size**2
        spot = (1.0 - squared * 0.5).clamp_(0.0, 1.0)
        shine.copy_(torch.maximum(shine, inside * spot * spot * strength))
