"""A background seen once more: turned, mirrored, cropped, under a lamp of another colour."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from PIL import Image
from scipy.ndimage import gaussian_filter

from robustbench_endo.synthesis.backgrounds import Background
from robustbench_endo.synthesis.utils import Bytes, Flags, Floats

_TURN = 15.0
_ZOOM = (1.0, 1.5)
_PAD = 0.25
"""Mirrored border for corners that turn in, as a share of each side."""


class StagedBackground(NamedTuple):
    """A background at the size of a picture.

    Attributes:
        image: float32 (H, W, 3) in [0, 1], tissue everywhere.
        view: bool (H, W), what the scope sees.
        light: float32 (3,), the factors of red, green and blue that were laid on it.
    """

    image: Floats
    view: Flags
    light: Floats


def stage(background: Background, size: tuple[int, int], rng: np.random.Generator) -> StagedBackground:
    """A variation of a background; the scope's aperture stays as it is, but for mirroring.

    Turned by up to 15 degrees, mirrored along either axis, magnified up to 1.5 times about a random place, each colour
    by a factor from 0.93 to 1.07 and all by one from 0.8 to 1.15.
    """
    across, down = rng.random(2) < 0.5
    image = background.image[:: -1 if down else 1, :: -1 if across else 1]
    view = _central(background.view[:: -1 if down else 1, :: -1 if across else 1], size)
    turned = _varied(image, size, rng)
    light = (rng.uniform(0.8, 1.15) * rng.uniform(0.93, 1.07, 3)).astype(np.float32)
    return StagedBackground(np.clip(turned.astype(np.float32) / 255 * light, 0, 1), view, light)


def aperture(view: Flags) -> Floats:
    """float32 (H, W): 1 where the scope sees, 0 where it does not, with the edge of a real aperture."""
    soft: Floats = gaussian_filter(view.astype(np.float32), 1.0)
    return soft


def _varied(image: Bytes, size: tuple[int, int], rng: np.random.Generator) -> Bytes:
    height, width = image.shape[:2]
    pad = round(_PAD * height), round(_PAD * width)
    padded = np.pad(image, ((pad[0], pad[0]), (pad[1], pad[1]), (0, 0)), mode="reflect")
    angle, zoom = math.radians(rng.uniform(-_TURN, _TURN)), rng.uniform(*_ZOOM)
    free = np.maximum(np.array([width, height]) - np.array([size[1], size[0]]) / zoom, 0)
    centre = np.array([width, height]) / 2 + rng.uniform(-0.5, 0.5, 2) * free + [pad[1], pad[0]]
    back = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]]) / zoom
    return warped(padded, back, centre - back @ (np.array([size[1], size[0]]) / 2), size, Image.Resampling.BICUBIC)


def warped(image: Bytes, back: Floats, offset: Floats, size: tuple[int, int], how: Image.Resampling) -> Bytes:
    """uint8 picture of ``size`` whose pixel p (x, y) is the input's at ``back @ p + offset``, 0 beyond it."""
    coefficients = (*back[0], offset[0], *back[1], offset[1])
    picture = Image.fromarray(np.ascontiguousarray(image))
    return np.asarray(
        picture.transform((size[1], size[0]), Image.Transform.AFFINE, [float(c) for c in coefficients], how)
    )


def _central(view: Flags, size: tuple[int, int]) -> Flags:
    top, left = (view.shape[0] - size[0]) // 2, (view.shape[1] - size[1]) // 2
    return view[top : top + size[0], left : left + size[1]]
