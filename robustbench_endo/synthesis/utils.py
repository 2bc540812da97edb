"""Frames and masks as arrays, with checksums, from any data set or from one picture."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from scipy.ndimage import binary_dilation, minimum_filter
from scipy.spatial import ConvexHull, QhullError

from robustbench_endo.data.reading import read_image
from robustbench_endo.data.subjects import subject_of
from robustbench_endo.types import IGNORE, Dataset, Sample

Bytes = NDArray[np.uint8]

Floats = NDArray[np.floating[Any]]
"""float32 throughout; the wider type is what arithmetic on float32 is declared to give."""

Flags = NDArray[np.bool_]

Points = NDArray[np.float64]
"""(n, 2): x, y in pixels, pixel centres at whole numbers."""

LUMA = np.array([0.299, 0.587, 0.114], np.float32)
"""ITU-R BT.601, as JPEG and PNG viewers weigh red, green and blue."""


def luma(image: Bytes | Floats) -> Floats:
    """(H, W, 3) -> (H, W), in the range of the input."""
    weighed: Floats = image.astype(np.float32, copy=False) @ LUMA
    return weighed


@dataclass(frozen=True)
class OnePicture:
    """A picture file as a data set of one frame without mask."""

    path: Path
    subject_regex: str | None = None

    name = "picture"
    classes = ()
    activities = ()

    @property
    def ids(self) -> tuple[str, ...]:
        """The file's name."""
        return (self.path.name,)

    @property
    def subjects(self) -> tuple[str, ...]:
        """Its subject."""
        return (subject_of(self.path.name, self.subject_regex),)

    def __len__(self) -> int:
        return 1

    def __getitem__(self, index: int) -> Sample:
        """The frame; :class:`~robustbench_endo.errors.FrameError` when it cannot be read."""
        return Sample(read_image(self.path), {}, self.ids[index], self.subjects[index])


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


_DARK = 26
"""Highest channel value (of 255) that a black border may have: video black is 16, and a codec rings about it."""

_SPECK = 5
"""Side in pixels of the smallest bright spot that counts as picture, not as noise or print on the border."""


def field_of_view(image: Bytes) -> Flags:
    """True where the scope sees.

    A rectangle, a disc and their intersection are convex, so the view is the convex hull of all that is bright: dark
    tissue and black shafts at its edge stay inside.

    Args:
        image: uint8 (H, W, 3).

    Returns:
        bool (H, W); all True for a frame that is black altogether.
    """
    bright = minimum_filter(image.max(axis=2) > _DARK, size=_SPECK)
    if not bright.any():
        return np.ones(bright.shape, bool)
    # Only the first and last bright pixel of a row can be a corner of the hull.
    ends = _row_ends(bright)
    try:
        hull = ConvexHull(ends)
    except QhullError:
        return np.ones(bright.shape, bool)
    picture = Image.new("1", (image.shape[1], image.shape[0]))
    ImageDraw.Draw(picture).polygon([(float(x), float(y)) for x, y in ends[hull.vertices]], fill=1, outline=1)
    # The rim that the search for specks took away is given back.
    grown: Flags = binary_dilation(np.asarray(picture, bool), np.ones((_SPECK, _SPECK), bool))
    return grown


def _row_ends(bright: Flags) -> np.ndarray:
    rows = np.flatnonzero(bright.any(axis=1))
    first = bright[rows].argmax(axis=1)
    last = bright.shape[1] - 1 - bright[rows, ::-1].argmax(axis=1)
    return np.concatenate([np.stack([first, rows], 1), np.stack([last, rows], 1)]).astype(np.float64)
