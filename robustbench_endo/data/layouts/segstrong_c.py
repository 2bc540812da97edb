"""SegSTRONG-C: the same robot motion recorded clean, in smoke, with blood, in low light and over another background.

Ding et al., arXiv:2407.11906; layout after the challenge's loader, datasets/seg_strong_c.py in
github.com/hding2455/CaRTS; 1920 x 1080 pixels, both eyes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from robustbench_endo.data.file_listing import Entry, list_images, visible_folders
from robustbench_endo.data.layouts.base import Layout
from robustbench_endo.data.reading import read_colours, read_image
from robustbench_endo.errors import DataError, FrameError

CLEAN, TRUTH = "regular", "ground_truth"
CONDITIONS = {
    "recorded_smoke": "smoke",
    "recorded_blood": "blood",
    "recorded_low_light": "low_brightness",
    "recorded_background": "bg_change",
}
"""Name of the condition -> folder of the recording."""

_EYES = ("left", "right")


@dataclass(frozen=True)
class SegStrongC(Layout):
    """SegSTRONG-C with its 2 labels: clean recordings as frames, the others as their recorded conditions.

    The subject is ``set/subset``, one replayed motion; both eyes belong to it.
    """

    name = "segstrong-c"
    tree = "train|val|test/SET/SUBSET/regular/left|right with ground_truth/left|right next to regular"
    labels = ("background", "instrument")

    @cached_property
    def recorded_conditions(self) -> tuple[str, ...]:
        """The conditions that the split was also recorded under."""
        sequences = {entry.image.parents[2] for entry in self.entries}
        return tuple(
            condition
            for condition, folder in CONDITIONS.items()
            if any((sequence / folder).is_dir() for sequence in sequences)
        )

    def recorded(self, index: int, condition: str) -> Tensor:
        """The frame as recorded under a condition, uint8 (3, H, W); the mask is that of the clean frame.

        Args:
            index: of the frame in this data set.
            condition: one of :attr:`recorded_conditions`.

        Raises:
            FrameError: the recording lacks this frame, or its file is damaged.
            DataError: no such condition, or an image that is not 8-bit RGB.
        """
        if condition not in self.recorded_conditions:
            raise DataError(
                f"Expected a recorded condition of {self.name} "
                f"({', '.join(self.recorded_conditions) or 'none here'}), got "
                f"{condition!r}: choose one of them."
            )
        entry = self.entries[index]
        path = _recorded(entry, condition)
        if not path.is_file():
            raise FrameError(f"Expected the frame {entry.id} under {condition} in {path}, got none: add the image.")
        return read_image(path)

    def _splits(self) -> Mapping[str, Sequence[Entry]]:
        return {split: self._frames(split) for split in ("train", "val", "test")}

    def _frames(self, split: str) -> list[Entry]:
        # The archives are called SegSTRONGC_train and so on, and contain a folder train.
        folders = (self.root / split, self.root / f"SegSTRONGC_{split}" / split)
        folder = next((path for path in folders if path.is_dir()), folders[0])
        sequences = [sequence for part in visible_folders(folder) for sequence in visible_folders(part)]
        return [entry for sequence in sequences for eye in _EYES for entry in self._eye(sequence, eye)]

    def _eye(self, sequence: Path, eye: str) -> list[Entry]:
        images = sequence / CLEAN / eye
        if not images.is_dir():
            return []
        subject = f"{sequence.parent.name}/{sequence.name}"
        return [
            Entry(
                image.relative_to(self.root).as_posix(),
                image,
                _truth(image, sequence / TRUTH / eye),
                subject_id=subject,
            )
            for image in list_images(images)
        ]

    def _mask(self, entry: Entry) -> Tensor | None:
        assert entry.mask is not None
        values = _read_array(entry.mask) if entry.mask.suffix == ".npy" else read_colours(entry.mask).max(-1)
        return torch.from_numpy(values > 0).to(torch.uint8)

    def _files(self, entry: Entry) -> Sequence[Path]:
        return (*super()._files(entry), *(_recorded(entry, condition) for condition in self.recorded_conditions))


def _recorded(entry: Entry, condition: str) -> Path:
    """``SET/SUBSET/regular/left/0.png`` -> ``SET/SUBSET/smoke/left/0.png``."""
    eye = entry.image.parent
    return eye.parents[1] / CONDITIONS[condition] / eye.name / entry.image.name


def _truth(image: Path, folder: Path) -> Path:
    """The mask of a frame; where there is none, the file that it should be."""
    files = [folder / f"{image.stem}{suffix}" for suffix in (".png", ".npy")]
    return next((file for file in files if file.is_file()), files[0])


def _read_array(path: Path) -> np.ndarray:
    try:
        values: np.ndarray = np.load(path, allow_pickle=False)
    except Exception as error:  # damaged headers give errors of many types
        raise FrameError(f"Cannot read the array {path}: {error}. Replace or remove the frame.") from error
    if values.ndim == 3 and values.shape[2] == 1:
        values = values[..., 0]
    if values.ndim != 2:
        raise FrameError(
            f"Expected an array (H, W) or (H, W, 1) in {path}, got the shape {values.shape}: replace or remove the "
            "frame."
        )
    return values
