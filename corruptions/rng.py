"""Random numbers as a pure function of a key and a position: no state, no sequence, no global generator."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from robustbench_endo.corruptions.kernels.rng.distributions import Distribution
from robustbench_endo.corruptions.kernels.rng.noise_cells import cell_shape, expand_cells
from robustbench_endo.corruptions.kernels.rng.philox import random_field
from robustbench_endo.corruptions.kernels.rng.poisson import MAX_RATE, poisson_counts, rate_slices


def image_key(seed: int, image_id: str, corruption: str, replicate: int = 0) -> int:
    """The key of all random numbers of one image under one corruption, at any severity.

    The severities of an image share their random numbers: smoke thickens and drops are added, so that a difference
    between two severities is not one between two draws.

    Args:
        seed: random seed.
        image_id: stable name of the image, with any separators; see ``normalize_id``.
        corruption: name of the corruption.
        replicate: number of the repetition, to corrupt the same image differently.

    Returns:
        A 63-bit integer, the first 8 bytes of BLAKE2b over the arguments without the sign bit.

    >>> from robustbench_endo.corruptions import image_key
    >>> image_key(0, "a.png", "smoke")
    4355468965134866450
    """
    text = "\x1f".join((str(seed), normalize_id(image_id), corruption, str(replicate)))
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little") >> 1


def normalize_id(image_id: str) -> str:
    """The form of a name that is the same on every system: separators ``/``, no leading ``./``, Unicode NFC.

    >>> normalize_id(".\\\\OP1\\\\frame.png")
    'OP1/frame.png'
    """
    name = unicodedata.normalize("NFC", image_id.replace("\\", "/"))
    while name.startswith("./"):
        name = name[2:]
    return name


@dataclass(frozen=True)
class Noise:
    """The random numbers of a batch; those of image ``b`` depend only on ``keys[b]``.

    The argument ``stream`` of the methods selects the sequence: two draws of an image with the same stream and shape
    are equal, so every independent quantity of a corruption takes its own stream, a small integer. The argument
    ``grain`` is the side in pixels of a noise cell along the last two axes: the pixels of a cell share their number, so
    that noise looks the same at every resolution. A grain below 1 counts as 1.

    Attributes:
        keys: one key per image, see :func:`image_key`.
        device: device of the numbers, which are the same on every device.

    >>> import torch
    >>> from robustbench_endo.corruptions import Noise, image_key
    >>> noise = Noise((image_key(0, "a.png", "smoke"),), torch.device("cpu"))
    >>> noise.uniform((3,), stream=0)
    tensor([[0.5919, 0.8634, 0.2230]])
    >>> noise.integers(10, (1, 2, 4), stream=1, grain=2.0)
    tensor([[[[7, 7, 5, 5],
              [7, 7, 5, 5]]]])
    """

    keys: tuple[int, ...]
    device: torch.device

    def uniform(self, shape: Sequence[int], stream: int, grain: float = 1.0) -> Tensor:
        """Uniform numbers in (0, 1), float32, shape (B, *shape)."""
        return expand_cells(self._cells("uniform", shape, stream, grain), shape, grain)

    def normal(self, shape: Sequence[int], stream: int, grain: float = 1.0) -> Tensor:
        """Standard normal numbers, float32, shape (B, *shape)."""
        return expand_cells(self._cells("normal", shape, stream, grain), shape, grain)

    def integers(self, high: int, shape: Sequence[int], stream: int, grain: float = 1.0) -> Tensor:
        """Integers from 0 to ``high`` - 1 (``high`` at most 2^31), int64, shape (B, *shape).

        By multiply and shift (Lemire, 2019); the relative error of a probability is at most ``high`` / 2^32.
        """
        words = self._cells("words", shape, stream, grain)
        return expand_cells((words * high) >> 32, shape, grain)

    def poisson(self, rate: Tensor, stream: int, grain: float = 1.0) -> Tensor:
        """Poisson counts of mean ``rate`` (B, ...) >= 0, float32, of the same shape."""
        slices = rate_slices(float(rate.max()))
        draws = self.uniform((2 * slices, *rate.shape[1:]), stream, grain)
        rates = [(rate - MAX_RATE * i).clamp_(0, MAX_RATE) for i in range(slices)] if slices > 1 else [rate]
        counts = [poisson_counts(part, draws[:, 2 * i], draws[:, 2 * i + 1]) for i, part in enumerate(rates)]
        return sum(counts[1:], start=counts[0])

    @property
    def host(self) -> Noise:
        """The same numbers on the CPU, for the few from which the parameters of an image are computed."""
        return self if self.device.type == "cpu" else Noise(self.keys, torch.device("cpu"))

    def item(self, index: int) -> Noise:
        """The noise of one image of the batch."""
        return Noise(self.keys[index : index + 1], self.device)

    def _cells(self, distribution: Distribution, shape: Sequence[int], stream: int, grain: float) -> Tensor:
        return random_field(distribution, self.keys, cell_shape(shape, grain), stream, self.device)
