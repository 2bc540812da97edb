"""PixMix (Hendrycks et al., CVPR 2022): a frame mixed with generated fractals and with its own augmented copies.

As in AugMix here, the operations on the frame are those of :mod:`.augmix`, which move nothing and resemble no evaluated
corruption; those of the authors include geometric ones, under which the mask would no longer fit.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from robustbench_endo.errors import TrainingError
from robustbench_endo.training.augmentation.augmix import OPERATIONS
from robustbench_endo.training.augmentation.fractals import COUNT, mixing_image

Floats = NDArray[np.floating[Any]]

_STREAM = 0x91C
"""Separates the random numbers from those of others with the same seed."""


@dataclass(frozen=True)
class PixMix:
    """Settings of PixMix; four rounds and beta = 3 are those of the paper.

    Attributes:
        rounds: number of mixings at most; 0 to ``rounds`` are equally frequent.
        beta: of the Beta distributions of the coefficients, above 0; larger values keep more of the frame.
        strength: of the operations on the frame, 0 to 1.

    Raises:
        TrainingError: a number outside its range.

    >>> image = np.full((24, 32, 3), 90, np.uint8)
    >>> mixed = PixMix()(image, seed=1)
    >>> mixed.shape, bool((PixMix()(image, seed=1) == mixed).all())
    ((24, 32, 3), True)
    """

    rounds: int = 4
    beta: float = 3.0
    strength: float = 1.0

    def __post_init__(self) -> None:
        for holds, expected, value in (
            (self.rounds >= 0, "at least 0 rounds", self.rounds),
            (self.beta > 0, "a beta above 0", self.beta),
            (0 <= self.strength <= 1, "a strength from 0 to 1", self.strength),
        ):
            if not holds:
                raise TrainingError(f"Expected {expected} for PixMix, got {value!r}: correct the setting.")

    def __call__(self, image: NDArray[np.uint8], seed: int) -> NDArray[np.uint8]:
        """A mixed image, a pure function of the arguments.

        Args:
            image: uint8 (H, W, 3); it is not changed.
            seed: random seed.

        Returns:
            uint8 (H, W, 3).
        """
        rng = np.random.default_rng([seed, _STREAM])
        height, width = image.shape[:2]
        fractal = mixing_image(int(rng.integers(COUNT)), height, width)
        frame = np.ascontiguousarray(image.transpose(2, 0, 1), np.float32) / 255
        blend = self.mix(frame, fractal, rng)
        return np.ascontiguousarray(np.rint(blend * 255).astype(np.uint8).transpose(1, 2, 0))

    def mix(self, frame: Floats, fractal: Floats, rng: np.random.Generator) -> Floats:
        """A frame mixed with a fractal, both float32 (3, H, W) in [0, 1], as is the result."""
        blend = self._augmented(frame, rng) if rng.random() < 0.5 else frame
        for _ in range(rng.integers(self.rounds + 1)):
            other = self._augmented(frame, rng) if rng.random() < 0.5 else fractal
            blend = MIXINGS[rng.integers(len(MIXINGS))](blend, other, self.beta, rng).clip(0, 1)
        return blend

    def _augmented(self, frame: Floats, rng: np.random.Generator) -> Floats:
        name = str(rng.choice(tuple(OPERATIONS)))
        return (OPERATIONS[name](frame * 255, self.strength, rng) / 255).clip(0, 1)


def add(image: Floats, other: Floats, beta: float, rng: np.random.Generator) -> Floats:
    """``a x + b y`` of images scaled to [-1, 1]."""
    a, b = coefficients(beta, rng)
    return (a * (image * 2 - 1) + b * (other * 2 - 1) + 1) / 2


def multiply(image: Floats, other: Floats, beta: float, rng: np.random.Generator) -> Floats:
    """``x^a y^b`` of images scaled to [0, 2]."""
    a, b = coefficients(beta, rng)
    return (image * 2) ** a * (other * 2).clip(1e-37) ** b / 2


def coefficients(beta: float, rng: np.random.Generator) -> tuple[np.float32, np.float32]:
    """Exponents or factors ``a`` of the image and ``b`` of the other: a sum of about 1, or a difference of about 1."""
    if rng.random() < 0.5:
        return np.float32(rng.beta(beta, 1)), np.float32(rng.beta(1, beta))
    return 1 + np.float32(rng.beta(1, beta)), -np.float32(rng.beta(1, beta))


MIXINGS: tuple[Callable[[Floats, Floats, float, np.random.Generator], Floats], ...] = (add, multiply)
