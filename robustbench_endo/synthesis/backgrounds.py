"""Tissue for instruments to lie on: frames without instruments, or with theirs painted over."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import PurePosixPath

import numpy as np
from PIL import Image
from scipy.ndimage import binary_dilation, binary_erosion

from robustbench_endo.errors import SynthesisError
from robustbench_endo.synthesis.inpaint import paint_over
from robustbench_endo.synthesis.settings import SynthesisConfig
from robustbench_endo.synthesis.utils import (
    Bytes,
    Flags,
    Floats,
    checksum,
    chosen_frames,
    field_of_view,
    pixels,
    uncertain,
)
from robustbench_endo.types import Dataset, Sample

_HALO = 0.02
"""How far around an instrument its shadow and its reflection are painted over, too, as a share of the short side."""

_RIM = 0.008
"""How far within the edge of the view all is painted over, as a share of the short side."""

_MOST = 0.25
"""Largest share of a view that may have to be painted over."""

_KEPT = 32
"""Prepared backgrounds that are kept in memory."""


@dataclass(frozen=True)
class Background:
    """A frame of tissue.

    Attributes:
        image: uint8 (H, W, 3), tissue everywhere: black borders and instruments are painted over.
        view: bool (H, W), what the scope saw of it.
    """

    image: Bytes
    view: Flags


class Backgrounds:
    """The frames of a data set that can be backgrounds, prepared when needed.

    Args:
        data: with or without masks; instruments in masks are painted over.
        settings: which labels are instruments, and how many frames are used.
        size: (height, width) that pictures will have: frames are brought to its short side.

    Raises:
        SynthesisError: no frame, or instruments fill more than 25 % of the view of every one.
    """

    def __init__(
        self,
        data: Dataset,
        settings: SynthesisConfig,
        size: tuple[int, int],
        progress: Callable[[int, int], None],
    ) -> None:
        self._data, self._instruments, self._size = data, settings.instruments, size
        self.checksums: dict[str, str] = {}
        self.indices: list[int] = []
        chosen = chosen_frames(len(data), settings.limit_backgrounds, settings.seed)
        for done, index in enumerate(chosen, 1):
            sample = data[index]
            if self._covered(sample) <= _MOST:
                self.indices.append(index)
                self.checksums[sample.id] = checksum(sample)
            progress(done, len(chosen))
        if not self.indices:
            raise SynthesisError(
                f"Expected at least one background with tissue in at least {1 - _MOST:.0%} of its view, got none "
                f"among {len(chosen)} frames of {data.name}: give frames with fewer instruments."
            )
        self.load = lru_cache(_KEPT)(self._load)

    def __len__(self) -> int:
        return len(self.indices)

    def id(self, number: int) -> str:
        """The frame's name in its data set."""
        return self._data.ids[self.indices[number]]

    def stem(self, number: int) -> str:
        """The frame's file name without its ending."""
        return PurePosixPath(self.id(number)).stem

    def subject_id(self, number: int) -> str:
        """The frame's patient or sequence."""
        return self._data.subjects[self.indices[number]]

    def _covered(self, sample: Sample) -> float:
        unclear = uncertain(sample, self._instruments)
        return 0.0 if unclear is None else float(unclear.mean())

    def _load(self, number: int) -> Background:
        sample = self._data[self.indices[number]]
        size = _covering(sample.image.shape[1], sample.image.shape[2], self._size)
        image = _resized(pixels(sample), size, Image.Resampling.BICUBIC)
        view = field_of_view(image)
        # The rim of a view is darkened by the aperture, and a codec rings there.
        known = binary_erosion(view, iterations=max(2, round(_RIM * min(size))))
        unclear = uncertain(sample, self._instruments)
        if unclear is not None:
            covered = _resized(unclear.astype(np.uint8), size, Image.Resampling.NEAREST) > 0
            known &= ~binary_dilation(covered, iterations=max(2, round(_HALO * min(size))))
        return Background(_bytes(paint_over(image.astype(np.float32) / 255, known)), view)


def _covering(height: int, width: int, size: tuple[int, int]) -> tuple[int, int]:
    """The size that covers ``size`` with the frame's own aspect."""
    factor = max(size[0] / height, size[1] / width)
    return max(size[0], round(height * factor)), max(size[1], round(width * factor))


def _resized(values: Bytes, size: tuple[int, int], how: Image.Resampling) -> Bytes:
    return np.asarray(Image.fromarray(values).resize((size[1], size[0]), how))


def _bytes(image: Floats) -> Bytes:
    rounded: Bytes = np.rint(255 * image).astype(np.uint8)
    return rounded
