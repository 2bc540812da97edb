"""Frames and masks as arrays, with checksums, from any data set or from one picture."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from robustbench_endo.data.groups import group_of
from robustbench_endo.data.reading import read_image
from robustbench_endo.synthesis.arrays import Bytes, Flags
from robustbench_endo.types import IGNORE, Dataset, Sample


@dataclass(frozen=True)
class OnePicture:
    """A picture file as a data set of one frame without mask."""

    path: Path
    group_regex: str | None = None

    name = "picture"
    classes = ()
    activities = ()

    @property
    def ids(self) -> tuple[str, ...]:
        """The file's name."""
        return (self.path.name,)

    @property
    def groups(self) -> tuple[str, ...]:
        """Its group."""
        return (group_of(self.path.name, self.group_regex),)

    def __len__(self) -> int:
        return 1

    def __getitem__(self, index: int) -> Sample:
        """The frame; :class:`~robustbench_endo.errors.FrameError` when it cannot be read."""
        return Sample(read_image(self.path), None, None, self.ids[index], self.groups[index])


def pixels(sample: Sample) -> Bytes:
    """uint8 (H, W, 3)."""
    return np.ascontiguousarray(sample.image.permute(1, 2, 0).numpy())


def instrument_labels(sample: Sample, wanted: tuple[int, ...] | None) -> Bytes | None:
    """uint8 (H, W): the labels of instruments, 0 elsewhere; None for a frame without mask."""
    if sample.mask is None:
        return None
    mask = sample.mask.numpy()
    kept = (mask != 0) & (mask != IGNORE) if wanted is None else np.isin(mask, wanted)
    return np.where(kept, mask, 0).astype(np.uint8)


def uncertain(sample: Sample, wanted: tuple[int, ...] | None) -> Flags | None:
    """bool (H, W): where a background shows an instrument, or may; None for a frame without mask."""
    labels = instrument_labels(sample, wanted)
    if labels is None or sample.mask is None:
        return None
    unclear: Flags = (labels > 0) | (sample.mask.numpy() == IGNORE)
    return unclear


def checksum(sample: Sample) -> str:
    """SHA-256 (hex) of the pixels and the mask: the same wherever and in whatever file format the frame lies."""
    digest = hashlib.sha256(repr(tuple(sample.image.shape)).encode())
    digest.update(pixels(sample).data)
    if sample.mask is not None:
        digest.update(np.ascontiguousarray(sample.mask.numpy()).data)
    return digest.hexdigest()


def chosen_frames(count: int, limit: int | None, seed: int) -> list[int]:
    """Indices of the frames to use: all, or ``limit`` of them drawn by the seed, in order."""
    if limit is None or limit >= count:
        return list(range(count))
    drawn: Iterable[int] = np.random.default_rng([seed, 0x11317]).permutation(count)[:limit]
    return sorted(int(index) for index in drawn)


def activity_name(data: Dataset, sample: Sample) -> str | None:
    """The name of a frame's activity."""
    return None if sample.activity is None else data.activities[sample.activity]
