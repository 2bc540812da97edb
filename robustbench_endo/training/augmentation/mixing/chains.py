"""Chained-augmentation mixing, after AugMix (Hendrycks et al., ICLR 2020); Wang et al. (MICCAI 2022) train with it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from robustbench_endo.training.augmentation.mixing.operations import OPERATIONS, Floats
from robustbench_endo.training.augmentation.mixing.settings import Mixing

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
