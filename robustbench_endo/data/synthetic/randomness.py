"""Independent random streams of splits, patients and frames."""

from __future__ import annotations

from typing import Literal

import numpy as np

SPLITS = ("train", "val", "test")

Purpose = Literal["patient", "scene", "sensor"]

_PURPOSES: tuple[Purpose, ...] = ("patient", "scene", "sensor")


def random_stream(seed: int, split: str, purpose: Purpose, index: int) -> np.random.Generator:
    """The random numbers for one ``purpose`` in one patient or frame; different arguments give independent streams.

    Args:
        seed: of the data set, >= 0.
        split: one of :data:`SPLITS`.
        purpose: what the numbers are used for, so that a change in one part does not affect the others.
        index: of the patient or the frame, >= 0.
    """
    key = np.random.SeedSequence((seed, SPLITS.index(split), _PURPOSES.index(purpose), index))
    return np.random.Generator(np.random.Philox(key))


def uniform(rng: np.random.Generator, low: float, high: float) -> float:
    """One random number from the uniform distribution on [low, high)."""
    return float(rng.uniform(low, high))
