"""Random numbers as a pure function of a key and a position: no stream, no state, no global generator."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from .kernels.philox import normal_field, uniform_field


def image_key(seed: int, image_id: str, corruption: str, severity: int, replicate: int = 0) -> int:
    """The 63-bit key of one corrupted image: the first 8 bytes of BLAKE2b over its coordinates, sign bit dropped."""
    text = "\x1f".join((str(seed), image_id, corruption, str(severity), str(replicate)))
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little") >> 1


@dataclass(frozen=True)
class Noise:
    """The random numbers of a batch: image ``b`` draws from ``keys[b]`` alone.

    A draw is named by its ``stream``: two draws of one image with the same stream and shape are equal, so every
    independent quantity of a corruption takes its own stream (a small integer written at the call).

    Args:
        keys: one key an image, see :func:`image_key`.
        device: where the fields are made; the same numbers on every device.
    """

    keys: tuple[int, ...]
    device: torch.device

    def uniform(self, shape: Sequence[int], stream: int, grain: float = 1.0) -> Tensor:
        """Uniform numbers in (0, 1), float32, shape (B, *shape).

        ``grain`` is the side of a noise cell in pixels: pixels of one cell share their number, so noise looks the
        same at every resolution. It applies to the last two axes.
        """
        return _by_cell(lambda cells: uniform_field(self.keys, cells, stream, self.device), shape, grain)

    def normal(self, shape: Sequence[int], stream: int, grain: float = 1.0) -> Tensor:
        """Standard normal numbers, float32, shape (B, *shape); ``grain`` as in :meth:`uniform`."""
        return _by_cell(lambda cells: normal_field(self.keys, cells, stream, self.device), shape, grain)

    def item(self, index: int) -> Noise:
        """The noise of one image of the batch."""
        return Noise(self.keys[index : index + 1], self.device)


def _by_cell(draw, shape, grain):  # type: ignore[no-untyped-def]
    if grain <= 1.0:
        return draw(tuple(shape))
    *lead, height, width = shape
    rows = (torch.arange(height) / grain).long()
    columns = (torch.arange(width) / grain).long()
    field = draw((*lead, int(rows[-1]) + 1, int(columns[-1]) + 1))
    return field[..., rows.to(field.device), :][..., columns.to(field.device)]
