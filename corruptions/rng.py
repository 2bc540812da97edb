"""Random numbers as a pure function of a key and a position: no stream, no state, no global generator."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from robustbench_endo.corruptions.kernels.rng.noise_cells import cell_shape, spread
from robustbench_endo.corruptions.kernels.rng.philox import normal_field, uniform_field, word_field
from robustbench_endo.corruptions.kernels.rng.poisson import CHUNK, poisson_counts


def image_key(seed: int, image_id: str, corruption: str, severity: int, replicate: int = 0) -> int:
    """The 63-bit key of one corrupted image: the first 8 bytes of BLAKE2b over its coordinates, sign bit dropped."""
    text = "\x1f".join((str(seed), image_id, corruption, str(severity), str(replicate)))
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little") >> 1


@dataclass(frozen=True)
class Noise:
    """The random numbers of a batch: image ``b`` draws from ``keys[b]`` alone.

    A draw is named by its ``stream``: two draws of one image with the same stream and shape are equal, so every
    independent quantity of a corruption takes its own stream (a small integer written at the call).

    ``grain``, where a method takes it, is the side of a noise cell in pixels, along the last two axes: pixels of one
    cell share their number, so noise looks the same at every resolution. Below one pixel it counts as one.

    Args:
        keys: one key an image, see :func:`image_key`.
        device: where the fields are made; the same numbers on every device.
    """

    keys: tuple[int, ...]
    device: torch.device

    def uniform(self, shape: Sequence[int], stream: int, grain: float = 1.0) -> Tensor:
        """Uniform numbers in (0, 1), float32, shape (B, *shape)."""
        return spread(uniform_field(self.keys, cell_shape(shape, grain), stream, self.device), shape, grain)

    def normal(self, shape: Sequence[int], stream: int, grain: float = 1.0) -> Tensor:
        """Standard normal numbers, float32, shape (B, *shape)."""
        return spread(normal_field(self.keys, cell_shape(shape, grain), stream, self.device), shape, grain)

    def integers(self, high: int, shape: Sequence[int], stream: int, grain: float = 1.0) -> Tensor:
        """Whole numbers from 0 to ``high`` - 1 (``high`` at most 2^31), int64, shape (B, *shape).

        By multiply and shift (Lemire, 2019); no value is off its share by more than ``high`` / 2^32.
        """
        field = word_field(self.keys, cell_shape(shape, grain), stream, self.device)
        return spread((field * high) >> 32, shape, grain)

    def poisson(self, rate: Tensor, stream: int, grain: float = 1.0) -> Tensor:
        """Poisson counts of mean ``rate`` (B, ...) >= 0, float32, the same shape.

        Poisson numbers add: a rate is cut into chunks of at most 64, each drawn by inversion.
        """
        chunks = max(1, -(-int(rate.max().ceil()) // CHUNK))
        draws = self.uniform((2 * chunks, *rate.shape[1:]), stream, grain)
        parts = [(rate - CHUNK * i).clamp_(0, CHUNK) for i in range(chunks)] if chunks > 1 else [rate]
        counts = [poisson_counts(part, draws[:, 2 * i], draws[:, 2 * i + 1]) for i, part in enumerate(parts)]
        return sum(counts[1:], start=counts[0])

    def item(self, index: int) -> Noise:
        """The noise of one image of the batch."""
        return Noise(self.keys[index : index + 1], self.device)
