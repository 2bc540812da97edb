"""Chained-augmentation mixing, after AugMix (Hendrycks et al., ICLR 2020); Wang et al. (MICCAI 2022) train with it.

Of AugMix's operations, the geometric ones are left to the pipeline (one map for image and mask), and AutoContrast and
Equalize are left out, because they change contrast and brightness, which are evaluated corruptions, as are noise, blur,
gamma, saturation, pixelation and compression. The remaining and additional operations preserve the grey axis, the mean
brightness, or both.
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
"""(image float32 (3, H, W) about [0, 255], strength 0 to 1, generator) -> image; the identity at strength 0."""

_LUMA = np.array([0.299, 0.587, 0.114])


def hue(image: Floats, strength: float, rng: np.random.Generator) -> Floats:
    """Rotation about the grey axis by up to 45 degrees; saturation and mean of the channels are preserved."""
    angle = np.deg2rad(45) * strength * rng.uniform(-1, 1)
    across = (1 - np.cos(angle)) / 3
    along = np.sin(angle) / np.sqrt(3)
    turn: NDArray[np.float64] = (
        np.cos(angle) * np.eye(3) + across + along * np.array([[0, -1, 1], [1, 0, -1], [-1, 1, 0]])
    )
    return _linear(image, turn)


def channel_mixing(image: Floats, strength: float, rng: np.random.Generator) -> Floats:
    """Up to 40 % of each channel from the others, as with the filters of another sensor; grey stays grey, and the mean
    saturation is preserved."""
    shares = 0.4 * strength * rng.uniform(-1, 1, (3, 3))
    np.fill_diagonal(shares, 0)
    return _linear(image, np.eye(3) - np.diag(shares.sum(axis=1)) + shares)


def temperature(image: Floats, strength: float, rng: np.random.Generator) -> Floats:
    """A light up to 50 % warmer or colder and slightly greener or more magenta; the luma of grey is preserved."""
    warmth, tint = strength * rng.uniform(-1, 1, 2)
    factors = np.exp([0.4 * warmth, 0.15 * tint, -0.4 * warmth])
    lit: Floats = image * (factors / (factors @ _LUMA)).astype(np.float32)[:, None, None]
    return lit


def illumination(image: Floats, strength: float, rng: np.random.Generator) -> Floats:
    """Uneven illumination: a gradient and a spot, with factors from 0.2 to about 2 and their mean preserved."""
    height, width = image.shape[1:]
    rows, columns = np.linspace(-1, 1, height, dtype=np.float32), np.linspace(-1, 1, width, dtype=np.float32)
    slope = rng.uniform(-1, 1, 2).astype(np.float32)
    center, spread = rng.uniform(-0.8, 0.8, 2).astype(np.float32), np.float32(rng.uniform(0.4, 1.2))
    spot = np.outer(np.exp(-(((rows - center[0]) / spread) ** 2)), np.exp(-(((columns - center[1]) / spread) ** 2)))
    field = 0.5 * (slope[0] * rows[:, None] + slope[1] * columns) + np.float32(rng.uniform(-1, 1)) * spot
    light = np.maximum(1 + np.float32(strength) * (field - field.mean()), 0.2)
    lit: Floats = image * (light / light.mean())
    return lit


def posterize(image: Floats, strength: float, rng: np.random.Generator) -> Floats:
    """Fewer levels: steps of up to 40 of 255, rounded to the nearest to preserve the mean."""
    step = np.float32(1 + 39 * strength * rng.random())
    return image if strength == 0 else np.rint(image / step) * step


def highlights(image: Floats, strength: float, rng: np.random.Generator) -> Floats:
    """Weaker highlights: up to 60 % less of what exceeds a threshold."""
    threshold = np.float32(255 * (1 - 0.4 * rng.random()))
    pressed: Floats = image - np.float32(0.6 * strength * rng.random()) * np.maximum(image - threshold, 0)
    return pressed


def sharpness(image: Floats, strength: float, rng: np.random.Generator) -> Floats:
    """Finest detail of the luma amplified by up to 150 %; never a blur."""
    bright = np.tensordot(_LUMA.astype(np.float32), image, 1)
    padded = np.pad(bright, 1, mode="edge")
    around = (padded[:-2, 1:-1] + padded[2:, 1:-1] + padded[1:-1, :-2] + padded[1:-1, 2:]) / 4
    return image + np.float32(1.5 * strength * rng.random()) * (bright - around)


def _linear(image: Floats, matrix: NDArray[np.float64]) -> Floats:
    """A 3 x 3 matrix applied to the channels of each pixel."""
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


_STREAM = 0xA06
"""Separates the random numbers from those of others with the same seed."""


@dataclass(frozen=True)
class Mixing:
    """Settings of AugMix; three chains of one to three operations and alpha = 1 are those of the paper.

    Attributes:
        chains: number of chains, at least 1.
        depth: minimum and maximum number of operations of a chain, all equally frequent.
        strength: maximum of an operation, 0 to 1; each operation samples a fraction of it.
        alpha: of the Dirichlet weights of the chains and of the Beta weight of their sum against the image, above 0.
        operations: names among :data:`robustbench_endo.training.augmentation.augmix.OPERATIONS`.

    Raises:
        TrainingError: a number outside its range.
        UnknownNameError: no such operation.
    """

    chains: int = 3
    depth: tuple[int, int] = (1, 3)
    strength: float = 1.0
    alpha: float = 1.0
    operations: tuple[str, ...] = tuple(OPERATIONS)

    def __post_init__(self) -> None:
        if not isinstance(self.chains, int) or self.chains < 1:
            _reject("at least 1 chain", self.chains)
        if not (isinstance(self.depth, tuple) and len(self.depth) == 2 and 1 <= self.depth[0] <= self.depth[1]):
            _reject("a depth of two numbers from 1, the smaller first", self.depth)
        if not 0 <= self.strength <= 1:
            _reject("a strength from 0 to 1", self.strength)
        if not self.alpha > 0:
            _reject("an alpha above 0", self.alpha)
        if not self.operations:
            _reject("at least one operation", self.operations)
        for name in self.operations:
            if name not in OPERATIONS:
                raise unknown_name("mixing operation", name, OPERATIONS)

    def __call__(self, image: NDArray[np.uint8], seed: int) -> NDArray[np.uint8]:
        """A mixed image, a pure function of the arguments; no operation moves a pixel, so that the mask stays valid.

        Args:
            image: uint8 (H, W, 3); it is not changed.
            seed: random seed.

        Returns:
            uint8 (H, W, 3).
        """
        original = np.ascontiguousarray(image.transpose(2, 0, 1), np.float32)
        blend = self.mix(original, np.random.default_rng([seed, _STREAM]))
        # Only rounding leaves the range.
        levels: NDArray[np.uint8] = np.rint(np.clip(blend, 0, 255, out=blend), out=blend).astype(np.uint8)
        return np.ascontiguousarray(levels.transpose(1, 2, 0))

    def mix(self, image: Floats, rng: np.random.Generator) -> Floats:
        """``(1 - m) x + m sum_k w_k chain_k(x)`` with ``w ~ Dirichlet(alpha, ...)`` and ``m ~ Beta(alpha, alpha)``.

        Args:
            image: float32 (3, H, W) in [0, 255].
            rng: source of the random numbers.
        """
        shares, part = weights(self, rng)
        blend: Floats = (1 - part) * image
        for share in shares:
            blend += (part * share) * _chain(image, self, rng)
        return blend


def _reject(expected: str, value: object) -> None:
    raise TrainingError(f"Expected {expected} for mixing, got {value!r}: correct the setting.")


def weights(settings: Mixing, rng: np.random.Generator) -> tuple[Floats, np.float32]:
    """Weights of the chains, float32 (chains,), sum 1; and of their sum against the image, 0 to 1."""
    shares = rng.dirichlet(np.full(settings.chains, settings.alpha)).astype(np.float32)
    return shares, np.float32(rng.beta(settings.alpha, settings.alpha))


def _chain(image: Floats, settings: Mixing, rng: np.random.Generator) -> Floats:
    depth = int(rng.integers(settings.depth[0], settings.depth[1] + 1))
    for name in rng.choice(settings.operations, depth):
        image = OPERATIONS[name](image, settings.strength, rng)
    return np.clip(image, 0, 255)
