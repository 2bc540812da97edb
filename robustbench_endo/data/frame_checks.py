"""Checks of frames and their masks before a long computation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from torch import Tensor

from robustbench_endo.data.file_listing import Entry
from robustbench_endo.data.label_map import LabelMap
from robustbench_endo.data.mask_coding import Counts
from robustbench_endo.data.reading import UnsuitableFrameError, check_image_mode, read_header
from robustbench_endo.errors import DataError


@dataclass
class FrameScan:
    """What was read from frames.

    Attributes:
        frames: number of frames.
        masks: number of masks that could be decoded, or have values without a name.
        pixels: number of mask pixels of each label, (256,).
        unsuitable: reasons why intact frames cannot be used.
        unmapped: mask file -> its values without a name in the label map.
    """

    frames: int = 0
    masks: int = 0
    pixels: Counts = field(default_factory=lambda: np.zeros(256, np.int64))
    unsuitable: list[str] = field(default_factory=list)
    unmapped: dict[Path | None, tuple[int, ...]] = field(default_factory=dict)

    def count(self, labels: Tensor | None) -> None:
        """Add the labels of a mask."""
        if labels is not None:
            self.masks += 1
            self.pixels += np.bincount(labels.numpy().ravel(), minlength=256)

    def refuse(self, label_map: LabelMap | None) -> None:
        """Raise :class:`DataError` where more than half of the frames cannot be used, or values have no name."""
        if 2 * len(self.unsuitable) > self.frames:
            raise DataError(
                f"{len(self.unsuitable)} of {self.frames} frames cannot be used; the first: {self.unsuitable[0]}"
            )
        if label_map is not None and self.unmapped:
            values = sorted({value for each in self.unmapped.values() for value in each})
            masks = self.masks + len(self.unmapped)
            raise label_map.unmapped_error(values, len(self.unmapped), masks, next(iter(self.unmapped)))


def check_files(entry: Entry) -> None:
    """Check that the masks of a frame exist, and the headers of its files.

    Raises:
        UnsuitableFrameError: a mask that is missing or has another size than the upright image, an image of another
            mode than 8-bit RGB, or a file with several frames or too many pixels.
    """
    check_masks_exist(entry)
    image = read_header(entry.image)
    if image is None:
        return  # reported as unreadable when the frame is read
    check_image_mode(entry.image, image.mode)
    for mask in entry.masks:
        if (header := read_header(mask)) is not None:
            check_size(entry, image.size, header.size)


def check_masks_exist(entry: Entry) -> None:
    """Raise :class:`UnsuitableFrameError` where a frame lacks its mask."""
    for mask in entry.masks:
        if not mask.is_file():
            raise UnsuitableFrameError(
                f"Expected a mask for the frame {entry.image}, got none of that name in {mask.parent}: add the mask, "
                "or remove the frame."
            )


def check_size(entry: Entry, size: Sequence[int], mask: Sequence[int]) -> None:
    """Raise :class:`UnsuitableFrameError` unless a frame and its mask have the same (height, width)."""
    if tuple(mask) != tuple(size):
        raise UnsuitableFrameError(
            f"Expected a mask of the size of its frame {entry.id} ({size[1]} x {size[0]}), got "
            f"{mask[1]} x {mask[0]} in {entry.mask}: resize the mask without interpolation."
        )
