"""Where every random number of a scene comes from: a Philox stream keyed by what is being drawn, never a global one."""

from __future__ import annotations

from typing import Literal

import numpy as np

SPLITS = ("train", "val", "test")

Purpose = Literal["patient", "scene", "sensor"]
_PURPOSES: tuple[Purpose, ...] = ("patient", "scene", "sensor")


def generator(seed: int, split: str, purpose: Purpose, index: int) -> np.random.Generator:
    """The stream of one ``purpose`` in one patient or frame; other keys give independent streams.

    Args:
        seed: of the data set, >= 0.
        split: one of :data:`SPLITS`.
        purpose: what the numbers are for, so that a change in one place leaves the others alone.
        index: of the patient or the frame, >= 0.
    """
    key = np.random.SeedSequence((seed, SPLITS.index(split), _PURPOSES.index(purpose), index))
    return np.random.Generator(np.random.Philox(key))


def between(rng: np.random.Generator, low: float, high: float) -> float:
    """One uniform number in [low, high)."""
    return float(rng.uniform(low, high))
