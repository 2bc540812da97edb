"""Chained-augmentation mixing, after AugMix (Hendrycks et al., ICLR 2020); Wang et al. (MICCAI 2022) train with it.

Of AugMix's own list, the geometric operations are left to the pipeline (one map for frame and mask), and AutoContrast
and Equalize are left out, because they change contrast and brightness, as are noise, blur, gamma, saturation,
pixelation and compression: all of these are evaluated. What is left, and what is added, keeps the grey axis, the mean
light, or both.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from robustbench_endo.errors import TrainingError, unknown_name

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


@dataclass(frozen=True)
class Mixing:
    """Settings of chained-augmentation mixing; three chains of one to three operations and alpha = 1
    are AugMix's (Hendrycks et al., ICLR 2020).

    Attributes:
        chains: number of chains, at least 1.
        depth: fewest and most operations of a chain, each number as often.
        strength: 0 to 1: the most that an operation may do; each draws its own share of it.
        alpha: of the Dirichlet weights of the chains and of the Beta weight of them against the frame, above 0.
        operations: names out of :data:`robustbench_endo.training.augmentation.augmix.OPERATIONS`.
    """

    chains: int = 3
    depth: tuple[int, int] = (1, 3)
    strength: float = 1.0
    alpha: float = 1.0
    operations: tuple[str, ...] = tuple(OPERATIONS)

    def __post_init__(self) -> None:
        """Refuse what makes no sense.

        Raises:
            TrainingError: a number outside its range.
            UnknownNameError: an operation that there is not.
        """
        if not isinstance(self.chains, int) or self.chains < 1:
            _refuse("at least 1 chain", self.chains)
        if not (isinstance(self.depth, tuple) and len(self.depth) == 2 and 1 <= self.depth[0] <= self.depth[1]):
            _refuse("a depth of two numbers from 1, the smaller first", self.depth)
        if not 0 <= self.strength <= 1:
            _refuse("a strength from 0 to 1", self.strength)
        if not self.alpha > 0:
            _refuse("an alpha above 0", self.alpha)
        if not self.operations:
            _refuse("at least one operation", self.operations)
        for name in self.operations:
            if name not in OPERATIONS:
                raise unknown_name("mixing operation", name, OPERATIONS)


def _refuse(expected: str, found: object) -> None:
    raise TrainingError(f"Expected {expected} for mixing, got {found!r}: correct the setting.")


_STREAM = 0xA06
"""Parts the numbers of mixing from those that others draw with the same seed."""


def mixed(image: NDArray[np.uint8], settings: Mixing, seed: int) -> NDArray[np.uint8]:
    """``(1 - m) x + m sum_k w_k chain_k(x)`` with ``w ~ Dirichlet(alpha, ...)`` and ``m ~ Beta(alpha, alpha)``.

    Nothing in a chain moves a pixel, so a mask stays true.

    Args:
        image: uint8 (H, W, 3); it is not changed.
        seed: of everything: a pure function of its arguments.

    Returns:
        uint8 (H, W, 3).
    """
    rng = np.random.default_rng([seed, _STREAM])
    shares, part = weights(settings, rng)
    original = np.ascontiguousarray(image.transpose(2, 0, 1), np.float32)
    blend = (1 - part) * original
    for share in shares:
        blend += (part * share) * _chain(original, settings, rng)
    # A mean of what lies in the range lies there, too, but for rounding.
    levels: NDArray[np.uint8] = np.rint(np.clip(blend, 0, 255, out=blend), out=blend).astype(np.uint8)
    return np.ascontiguousarray(levels.transpose(1, 2, 0))


def weights(settings: Mixing, rng: np.random.Generator) -> tuple[Floats, np.float32]:
    """Weights of the chains, float32 (chains,), sum 1; and of their sum against the frame, 0 to 1."""
    shares = rng.dirichlet(np.full(settings.chains, settings.alpha)).astype(np.float32)
    return shares, np.float32(rng.beta(settings.alpha, settings.alpha))


def _chain(image: Floats, settings: Mixing, rng: np.random.Generator) -> Floats:
    depth = int(rng.integers(settings.depth[0], settings.depth[1] + 1))
    for name in rng.choice(settings.operations, depth):
        image = OPERATIONS[name](image, settings.strength, rng)
    return np.clip(image, 0, 255)


__all__ = ["OPERATIONS", "Mixing", "mixed"]
