"""EndoVis 2017: robotic instruments in pigs, da Vinci Xi.

Layout and crop after the challenge's page (endovissub2017-roboticinstrumentsegmentation.grand-challenge.org/Data) and
Allan et al., "2017 Robotic Instrument Segmentation Challenge", arXiv:1902.06426. Numbering of the types, and the
``cropped_train`` copies with 32 grey levels per type, after github.com/ternaus/robot-surgery-segmentation
(prepare_data.py); ISINet uses the same numbers.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import torch
from torch import Tensor

from robustbench_endo.data.file_listing import Entry, images_by_stem, list_images, mask_for, visible_folders
from robustbench_endo.data.layouts.base import Layout
from robustbench_endo.data.layouts.label_maps import decode_levels, folders_with
from robustbench_endo.data.reading import read_colours
from robustbench_endo.errors import DataError

TYPES = (
    "background",
    "bipolar forceps",
    "prograsp forceps",
    "large needle driver",
    "vessel sealer",
    "grasping retractor",
    "monopolar curved scissors",
    "other",
)

_TYPED, _CROPPED, _LAYERS = "TypeSegmentation", "instruments_masks", "ground_truth"
_CODES = {
    _TYPED: {index: index for index in range(len(TYPES))},
    _CROPPED: {32 * index: index for index in range(len(TYPES))},
}
_NUMBER = re.compile(r"instrument_dataset_(\d+)")
_VIDEO = (1080, 1920)
_CAMERA = (slice(28, 28 + 1024), slice(320, 320 + 1280))
"""Rows and columns of a video frame with the camera image; the rest is black."""


@dataclass(frozen=True)
class EndoVis17(Layout):
    """EndoVis 2017 with its 8 labels of instrument types.

    Video frames of 1920 x 1080 pixels are cropped to the camera image of 1280 x 1024.

    A sequence whose path contains "test" belongs to the test split, any other to train. Test sequences 1 to 8 continue
    the training sequences of the same number, so their subjects are the same.
    """

    name = "endovis17"
    tree = (
        "instrument_dataset_N/left_frames with ground_truth/<instrument>_labels, or instrument_dataset_N/images with "
        "instruments_masks"
    )
    labels = TYPES

    def _splits(self) -> Mapping[str, Sequence[Entry]]:
        splits: dict[str, list[Entry]] = {"train": [], "test": []}
        for folder in folders_with(self.root, "left_frames"):
            splits[self._split_of(folder)] += self._official(folder)
        official = {split for split, entries in splits.items() if entries}
        for folder in folders_with(self.root, _CROPPED):
            if self._split_of(folder) not in official:  # else the same frames twice
                splits[self._split_of(folder)] += self._preprocessed(folder)
        return splits

    def _split_of(self, folder: Path) -> str:
        return "test" if "test" in folder.relative_to(self.root).as_posix().lower() else "train"

    def _official(self, folder: Path) -> list[Entry]:
        frames = list_images(folder / "left_frames")
        typed = self._test_labels.get(folder.name) if self._split_of(folder) == "test" else None
        layers = [typed] if typed else visible_folders(folder / _LAYERS)
        masks = {layer: images_by_stem(layer) for layer in layers}
        return [self._entry(frame, [mask_for(frame, masks[layer], layer) for layer in layers]) for frame in frames]

    def _preprocessed(self, folder: Path) -> list[Entry]:
        masks = images_by_stem(folder / _CROPPED)
        images = images_by_stem(folder / "images").values()
        return [self._entry(frame, [mask_for(frame, masks, folder / _CROPPED)]) for frame in images]

    @cached_property
    def _test_labels(self) -> dict[str, Path]:
        """Test sequence -> folder of its type labels, which were published in a separate archive."""
        folders = (folder / _TYPED for folder in folders_with(self.root, _TYPED))
        return {match.group(0): folder for folder in folders if (match := _NUMBER.search(folder.as_posix()))}

    def _entry(self, frame: Path, masks: list[Path]) -> Entry:
        image_id = frame.relative_to(self.root).as_posix()
        subject = frame.parents[1].name
        return Entry(image_id, frame, next(iter(masks), None), subject_id=subject, overlays=tuple(masks[1:]))

    def _image(self, entry: Entry) -> Tensor:
        return _crop(super()._image(entry)).contiguous()

    def _mask(self, entry: Entry) -> Tensor | None:
        if entry.mask is None:
            return None
        code = _CODES.get(entry.mask.parent.name)
        return _crop(decode_levels(entry.mask, code) if code else _paint(entry.masks)).contiguous()


def _paint(masks: Sequence[Path]) -> Tensor:
    """The masks of single instruments over each other; every part of an instrument gets the type of its folder."""
    labels = torch.zeros(read_colours(masks[0]).shape[:2], dtype=torch.uint8)
    for path in masks:
        labels[torch.from_numpy(read_colours(path).max(-1) > 0)] = _type_of(path)
    return labels


def _type_of(mask: Path) -> int:
    folder = mask.parent.name
    label = next((index for index, name in enumerate(TYPES) if name.replace(" ", "_") in folder.lower()), None)
    if label is None:
        raise DataError(
            f"Expected the name of an instrument ({', '.join(TYPES[1:])}) in the folder {mask.parent}, got "
            f"{folder!r}: rename the folder."
        )
    return label


def _crop(pixels: Tensor) -> Tensor:
    return pixels[..., _CAMERA[0], _CAMERA[1]] if tuple(pixels.shape[-2:]) == _VIDEO else pixels
