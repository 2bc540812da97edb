"""Augmentation of backgrounds: rotation, mirroring, crop and colour of the light."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from PIL import Image
from scipy.ndimage import gaussian_filter

from robustbench_endo.synthesis.backgrounds import Background
from robustbench_endo.synthesis.utils import Bytes, Flags, Floats

_MAX_ROTATION = 15.0
_ZOOM = (1.0, 1.5)
_PAD = 0.25
"""Mirrored border for corners that rotate into the frame, as a share of each side."""


class AugmentedBackground(NamedTuple):
    """A background at the size of the synthesized images.

    Attributes:
        image: float32 (H, W, 3) in [0, 1], tissue everywhere.
        view: bool (H, W), the field of view.
    """

    image: Floats
    view: Flags


def augment_background(background: Background, size: tuple[int, int], rng: np.random.Generator) -> AugmentedBackground:
    """A random variation of a background; its aperture is only mirrored.

    Rotated by up to 15 degrees, mirrored along either axis, magnified up to 1.5 times about a random point, each colour
    multiplied by 0.93 to 1.07 and all by 0.8 to 1.15.

    Args:
        background: covers ``size``.
        size: (height, width).
        rng: random numbers of the image.
    """
    mirror_x, mirror_y = rng.random(2) < 0.5
    mirror = slice(None, None, -1 if mirror_y else 1), slice(None, None, -1 if mirror_x else 1)
    view = _crop_centre(background.view[mirror], size)
    varied = _rotate_and_zoom(background.image[mirror], size, rng)
    light = (rng.uniform(0.8, 1.15) * rng.uniform(0.93, 1.07, 3)).astype(np.float32)
    return AugmentedBackground(np.clip(varied.astype(np.float32) / 255 * light, 0, 1), view)


def soft_aperture(view: Flags) -> Floats:
    """float32 (H, W): 1 in the field of view, 0 outside, with the soft edge of a real aperture."""
    soft: Floats = gaussian_filter(view.astype(np.float32), 1.0)
    return soft


def _rotate_and_zoom(image: Bytes, size: tuple[int, int], rng: np.random.Generator) -> Bytes:
    height, width = image.shape[:2]
    pad = round(_PAD * height), round(_PAD * width)
    padded = np.pad(image, ((pad[0], pad[0]), (pad[1], pad[1]), (0, 0)), mode="reflect")
    angle, zoom = math.radians(rng.uniform(-_MAX_ROTATION, _MAX_ROTATION)), rng.uniform(*_ZOOM)
    margin = np.maximum(np.array([width, height]) - np.array([size[1], size[0]]) / zoom, 0)
    centre = np.array([width, height]) / 2 + rng.uniform(-0.5, 0.5, 2) * margin + [pad[1], pad[0]]
    inverse = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]]) / zoom
    offset = centre - inverse @ (np.array([size[1], size[0]]) / 2)
    return warp_affine(padded, inverse, offset, size, Image.Resampling.BICUBIC)


def warp_affine(
    image: Bytes, inverse: Floats, offset: Floats, size: tuple[int, int], method: Image.Resampling
) -> Bytes:
    """An affine transformation of an image.

    Args:
        image: uint8 (H, W) or (H, W, 3).
        inverse: (2, 2); a pixel p (x, y) of the result is the input's at ``inverse @ p + offset``, 0 outside it.
        offset: (2,).
        size: (height, width) of the result.
        method: of the interpolation.
    """
    coefficients = (*inverse[0], offset[0], *inverse[1], offset[1])
    pixels = Image.fromarray(np.ascontiguousarray(image))
    return np.asarray(
        pixels.transform((size[1], size[0]), Image.Transform.AFFINE, [float(c) for c in coefficients], method)
    )


def _crop_centre(view: Flags, size: tuple[int, int]) -> Flags:
    top, left = (view.shape[0] - size[0]) // 2, (view.shape[1] - size[1]) // 2
    return view[top : top + size[0], left : left + size[1]]
