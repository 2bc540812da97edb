"""Backgrounds of tissue: frames without instruments, or with their instruments inpainted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image
from scipy.ndimage import binary_dilation, binary_erosion

from robustbench_endo.data.reading import read_image
from robustbench_endo.data.subjects import subject_of
from robustbench_endo.errors import SynthesisError
from robustbench_endo.synthesis.field_of_view import field_of_view
from robustbench_endo.synthesis.inpaint import inpaint
from robustbench_endo.synthesis.utils import (
    Bytes,
    Flags,
    Floats,
    checksum,
    covered_area,
    resize,
    select_frames,
    to_array,
)
from robustbench_endo.types import Dataset, Sample

_HALO = 0.02
"""Width around an instrument that is inpainted for its shadow and reflection, as a share of the short side."""

_RIM = 0.008
"""Width within the edge of the view that is inpainted, as a share of the short side."""

_MAX_COVERED = 0.25
"""Largest share of a view that may have to be inpainted."""

_CACHED = 32
"""Prepared backgrounds in memory."""


@dataclass(frozen=True)
class SingleImageDataset:
    """An image file as a data set of one frame without mask.

    Args:
        path: of the image.
        subject_regex: see :func:`robustbench_endo.data.subjects.subject_of`.

    >>> SingleImageDataset(Path("tissue_07.png")).subjects
    ('tissue',)
    """

    path: Path
    subject_regex: str | None = None

    name = "image"
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


@dataclass(frozen=True)
class Background:
    """A frame of tissue.

    Attributes:
        image: uint8 (H, W, 3), tissue everywhere: black borders and instruments are inpainted.
        view: bool (H, W), the field of view of the original frame.
    """

    image: Bytes
    view: Flags


class Backgrounds:
    """The frames of a data set that can be backgrounds, prepared on demand.

    Args:
        data: with or without masks; instruments in masks are inpainted.
        instruments: labels of instruments; None: all but 0 and 255.
        size: (height, width) of the synthesized images, which the frames are resized to cover.
        limit: maximum number of frames, None: all.
        seed: of the selection of frames.
        progress: called with (frames done, frames in total).

    Raises:
        SynthesisError: no frame, or instruments fill more than 25 % of every one.
    """

    def __init__(
        self,
        data: Dataset,
        instruments: tuple[int, ...] | None,
        size: tuple[int, int],
        limit: int | None,
        seed: int,
        progress: Callable[[int, int], None],
    ) -> None:
        self._data, self._instruments, self._size = data, instruments, size
        self.checksums: dict[str, str] = {}
        self.indices: list[int] = []
        selected = select_frames(len(data), limit, seed)
        for done, index in enumerate(selected, 1):
            sample = data[index]
            if self._covered_share(sample) <= _MAX_COVERED:
                self.indices.append(index)
                self.checksums[sample.id] = checksum(sample)
            progress(done, len(selected))
        if not self.indices:
            raise SynthesisError(
                f"Expected at least one background with tissue in at least {1 - _MAX_COVERED:.0%} of its view, got "
                f"none among {len(selected)} frames of {data.name}: give frames with fewer instruments."
            )
        self.load = lru_cache(_CACHED)(self._load)

    def __len__(self) -> int:
        return len(self.indices)

    def id(self, number: int) -> str:
        """The frame's id in its data set."""
        return self._data.ids[self.indices[number]]

    def subject_id(self, number: int) -> str:
        """The frame's patient or sequence."""
        return self._data.subjects[self.indices[number]]

    def _covered_share(self, sample: Sample) -> float:
        covered = covered_area(sample, self._instruments)
        return 0.0 if covered is None else float(covered.mean())

    def _load(self, number: int) -> Background:
        sample = self._data[self.indices[number]]
        size = _covering_size(sample.image.shape[1], sample.image.shape[2], self._size)
        image: Bytes = resize(to_array(sample), size, Image.Resampling.BICUBIC)
        view = field_of_view(image)
        # The aperture darkens the rim of a view, and codecs ring there.
        known = binary_erosion(view, iterations=max(2, round(_RIM * min(size))))
        covered = covered_area(sample, self._instruments)
        if covered is not None:
            resized = resize(covered.astype(np.uint8), size, Image.Resampling.NEAREST) > 0
            known &= ~binary_dilation(resized, iterations=max(2, round(_HALO * min(size))))
        return Background(_to_bytes(inpaint(image.astype(np.float32) / 255, known)), view)


def _covering_size(height: int, width: int, size: tuple[int, int]) -> tuple[int, int]:
    """The smallest size that covers ``size`` with the frame's aspect."""
    factor = max(size[0] / height, size[1] / width)
    return max(size[0], round(height * factor)), max(size[1], round(width * factor))


def _to_bytes(image: Floats) -> Bytes:
    rounded: Bytes = np.rint(255 * image).astype(np.uint8)
    return rounded
