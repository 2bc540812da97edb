"""What a chain is made of: changes of colour and light that move nothing and are no evaluated corruption.

Of AugMix's own list, the geometric operations are left to the pipeline (one map for frame and mask), and AutoContrast
and Equalize are left out, because they change contrast and brightness, as are noise, blur, gamma, saturation,
pixelation and compression: all of these are evaluated. What is left, and what is added, keeps the grey axis, the mean
light, or both.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]
Operation = Callable[[Floats, float, np.random.Generator], Floats]
"""(frame float32 (3, H, W) about [0, 255], strength 0 to 1, generator) -> the same, changed; identity at strength 0."""

_LUMA = np.array([0.299, 0.587, 0.114])


def hue(image: Floats, strength: float, rng: np.random.Generator) -> Floats:
    """Turned about the grey axis by up to 45 degrees: saturation and mean of the channels stay."""
    angle = np.deg2rad(45) * strength * rng.uniform(-1, 1)
    across = (1 - np.cos(angle)) / 3
    along = np.sin(angle) / np.sqrt(3)
    turn: NDArray[np.float64] = (
        np.cos(angle) * np.eye(3) + across + along * np.array([[0, -1, 1], [1, 0, -1], [-1, 1, 0]])
    )
    return _linear(image, turn)


def channel_mixing(image: Floats, strength: float, rng: np.random.Generator) -> Floats:
    """Each channel takes or gives up to 40 % of the others, as under another sensor's filters; grey stays grey, and
    colours are on the average as strong as before."""
    shares = 0.4 * strength * rng.uniform(-1, 1, (3, 3))
    np.fill_diagonal(shares, 0)
    return _linear(image, np.eye(3) - np.diag(shares.sum(axis=1)) + shares)


def temperature(image: Floats, strength: float, rng: np.random.Generator) -> Floats:
    """A lamp up to 50 % warmer or colder and a little greener or more magenta; the luma of grey stays."""
    warmth, tint = strength * rng.uniform(-1, 1, 2)
    factors = np.exp([0.4 * warmth, 0.15 * tint, -0.4 * warmth])
    lit: Floats = image * (factors / (factors @ _LUMA)).astype(np.float32)[:, None, None]
    return lit


def illumination(image: Floats, strength: float, rng: np.random.Generator) -> Floats:
    """Light that falls unevenly: a slope and a spot, at most doubled and never under a
    fifth; the light's mean over the frame stays."""
    height, width = image.shape[1:]
    rows, columns = np.linspace(-1, 1, height, dtype=np.float32), np.linspace(-1, 1, width, dtype=np.float32)
    slope = rng.uniform(-1, 1, 2).astype(np.float32)
    place, spread = rng.uniform(-0.8, 0.8, 2).astype(np.float32), np.float32(rng.uniform(0.4, 1.2))
    spot = np.outer(np.exp(-(((rows - place[0]) / spread) ** 2)), np.exp(-(((columns - place[1]) / spread) ** 2)))
    field = 0.5 * (slope[0] * rows[:, None] + slope[1] * columns) + np.float32(rng.uniform(-1, 1)) * spot
    light = np.maximum(1 + np.float32(strength) * (field - field.mean()), 0.2)
    lit: Floats = image * (light / light.mean())
    return lit


def posterize(image: Floats, strength: float, rng: np.random.Generator) -> Floats:
    """Fewer levels: steps of up to 40 of 255, rounded to the nearest so that the mean stays."""
    step = np.float32(1 + 39 * strength * rng.random())
    return image if strength == 0 else np.rint(image / step) * step


def highlights(image: Floats, strength: float, rng: np.random.Generator) -> Floats:
    """The brightest parts pressed down, by up to 60 % of what exceeds a threshold: glare seen otherwise."""
    threshold = np.float32(255 * (1 - 0.4 * rng.random()))
    pressed: Floats = image - np.float32(0.6 * strength * rng.random()) * np.maximum(image - threshold, 0)
    return pressed


def sharpness(image: Floats, strength: float, rng: np.random.Generator) -> Floats:
    """The finest detail of the luma raised by up to 150 %; never a blur."""
    bright = np.tensordot(_LUMA.astype(np.float32), image, 1)
    padded = np.pad(bright, 1, mode="edge")
    around = (padded[:-2, 1:-1] + padded[2:, 1:-1] + padded[1:-1, :-2] + padded[1:-1, 2:]) / 4
    return image + np.float32(1.5 * strength * rng.random()) * (bright - around)


def _linear(image: Floats, matrix: NDArray[np.float64]) -> Floats:
    """Each pixel's channels through a 3 x 3 matrix."""
    turned: Floats = matrix.astype(np.float32) @ image.reshape(3, -1)
    return turned.reshape(image.shape)


OPERATIONS: dict[str, Operation] = {
    "hue": hue,
    "channel_mixing": channel_mixing,
    "temperature": temperature,
    "illumination": illumination,
    "posterize": posterize,
    "highlights": highlights,
    "sharpness": sharpness,
}
