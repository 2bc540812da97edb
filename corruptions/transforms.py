"""Corruptions as transforms for ``torch.utils.data`` and torchvision v2 pipelines.

The pixels are a function of the image, its id, the seed and the epoch. No generator is read, so the number of workers,
their order and a restart change nothing.
"""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from .base import SEVERITIES
from .checks import check_severity
from .errors import CorruptionError
from .functional import to_bytes
from .noise_source import Noise, image_key
from .samples import image_of, named_id, rebuilt
from .suite import Suite
from .suite_file import load_suite


class CorruptionTransform(ABC):
    """A callable on pictures as a dataset hands them out.

    It takes ``transform(image)``, ``transform(image, mask)``, ``transform((image, mask, ...))`` or a mapping or
    dataclass with ``image`` and perhaps ``mask`` and ``id``, and gives the same kind back. ``image`` is a tensor
    (3, H, W) or (B, 3, H, W), uint8 or floating in [0, 1], and keeps its type; masks hold whole numbers and are moved
    with the picture (nearest neighbour) when the corruption moves it.

    The id is the keyword ``ids`` (a string, for a batch one each), else the sample's own ``id``, else a checksum of the
    image, so that an unnamed image has noise of its own, too.
    """

    def __init__(self, suite: str | Path | Suite, seed: int) -> None:
        self.suite = suite if isinstance(suite, Suite) else load_suite(suite)
        self.seed = seed

    @abstractmethod
    def choose(self, image_id: str) -> tuple[str, int]:
        """The corruption of an image and its severity; severity 0 leaves it as it is."""

    @property
    def epoch(self) -> int:
        """The replicate of the noise."""
        return 0

    def __call__(self, *inputs: Any, ids: str | Sequence[str] | None = None) -> Any:
        """The sample, damaged.

        Raises:
            CorruptionError: a sample of another kind, another number of ids than of images, values out of range.
        """
        sample = inputs[0] if len(inputs) == 1 else inputs
        given = image_of(sample)
        image = given.as_subclass(Tensor)
        batch = image if image.ndim == 4 else image[None]
        names = _names(batch, named_id(sample) if ids is None else ids)
        parts = [self._damaged(picture, name) for picture, name in zip(batch, names, strict=True)]
        damaged = torch.stack([part for part, _ in parts]).reshape(image.shape).as_subclass(type(given))
        return rebuilt(sample, damaged, [grid for _, grid in parts])

    def _damaged(self, image: Tensor, image_id: str) -> tuple[Tensor, Tensor | None]:
        name, severity = self.choose(image_id)
        if severity == 0:
            return image, None
        values = image / 255 if image.dtype == torch.uint8 else image
        damage = self.suite.corrupt(values[None], name, severity, [image_id], self.seed, self.epoch)
        picture = to_bytes(damage.images[0]) if image.dtype == torch.uint8 else damage.images[0]
        return picture, None if damage.grid is None else damage.grid[0]


class Corrupt(CorruptionTransform):
    """One corruption at one severity: the pixels of :func:`.functional.corrupt` for the same id.

    Args:
        name: a corruption of the suite.
        severity: 0 (identity) to 5.
        suite: a suite, its name, or a path to its TOML file.
        seed: of all randomness.

    Raises:
        CorruptionError: unknown name, severity or suite.
    """

    def __init__(self, name: str, severity: int, suite: str | Path | Suite = "endo19", seed: int = 0) -> None:
        super().__init__(suite, seed)
        check_severity(severity, self.suite.get(name).name)
        self.name, self.severity = name, severity

    def choose(self, image_id: str) -> tuple[str, int]:
        """Always the same."""
        return self.name, self.severity

    def __repr__(self) -> str:
        return f"Corrupt({self.name!r}, {self.severity}, suite={self.suite.name!r}, seed={self.seed})"


class RandomCorruption(CorruptionTransform):
    """With probability ``p`` one of several corruptions at one of several severities, drawn for every image.

    The draw and the noise are keyed by (seed, epoch, id). Call :meth:`set_epoch` before each epoch; workers see it,
    persistent ones too. Without it every epoch is the same.

    Args:
        names: "all", a group, names separated by commas, or a sequence of them.
        severities: equally likely, of 1 to 5.
        p: probability that an image is corrupted at all.
        suite: a suite, its name, or a path to its TOML file.
        seed: of all randomness.

    Raises:
        CorruptionError: an unknown name or suite, a severity outside 1 to 5, a probability outside [0, 1].
    """

    def __init__(
        self,
        names: str | Sequence[str] = "all",
        severities: Sequence[int] = SEVERITIES,
        p: float = 0.5,
        suite: str | Path | Suite = "endo19",
        seed: int = 0,
    ) -> None:
        super().__init__(suite, seed)
        self.names = self.suite.select(names)
        self.severities = checked_severities(severities)
        if not 0.0 <= p <= 1.0:
            raise CorruptionError(f"Expected a probability p from 0 to 1, found {p!r}.")
        self.p = p
        # In shared memory, so that workers that outlive an epoch see the next one.
        self._epoch = torch.zeros((), dtype=torch.int64).share_memory_()  # type: ignore[no-untyped-call]

    @property
    def epoch(self) -> int:
        """The epoch that was set last."""
        return int(self._epoch)

    def set_epoch(self, epoch: int) -> None:
        """Say which epoch begins; to be called before the loader is iterated."""
        self._epoch.fill_(epoch)

    def choose(self, image_id: str) -> tuple[str, int]:
        """The draw of an image in this epoch."""
        key = image_key(self.seed, image_id, "choice", 0, self.epoch)
        happens, name, severity = Noise((key,), torch.device("cpu")).uniform((3,), 0)[0].tolist()
        chosen = self.names[int(name * len(self.names))]
        return chosen, self.severities[int(severity * len(self.severities))] if happens < self.p else 0

    def __repr__(self) -> str:
        return (
            f"RandomCorruption({','.join(self.names)!r}, {self.severities}, p={self.p}, "
            f"suite={self.suite.name!r}, seed={self.seed})"
        )


def checked_severities(severities: Sequence[int]) -> tuple[int, ...]:
    """Severities to draw from.

    Raises:
        CorruptionError: none, or one outside 1 to 5.
    """
    if not severities or not set(severities) <= set(SEVERITIES):
        raise CorruptionError(f"Expected severities from 1 to 5, found {list(severities)}.")
    return tuple(severities)


def _names(batch: Tensor, ids: str | Sequence[str] | None) -> Sequence[str]:
    if ids is None:
        return [_checksum(image) for image in batch]
    names = [ids] if isinstance(ids, str) else ids
    if len(names) != len(batch):
        raise CorruptionError(f"Expected one id for each of the {len(batch)} images, found {len(names)}.")
    return names


def _checksum(image: Tensor) -> str:
    content = image.cpu().contiguous().view(torch.uint8).numpy()
    return hashlib.blake2b(content.data, digest_size=16).hexdigest()
