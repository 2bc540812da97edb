"""EndoVis 2018: robotic nephrectomy in pigs, da Vinci Xi, 1280 x 1024 pixels.

Scene labels: Allan et al., "2018 Robotic Scene Segmentation Challenge", arXiv:2001.11190, and the labels.json that is
published with the frames. Instrument types: González et al., "ISINet", arXiv:2007.05533, github.com/BCV-Uniandes/ISINet
(data/organize2018.py, data/robotseg_to_coco.py).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from torch import Tensor

from robustbench_endo.data.file_listing import Entry, images_by_stem, list_images, mask_for, visible_folders
from robustbench_endo.data.layouts.base import Layout
from robustbench_endo.data.layouts.label_maps import (
    SCENE,
    decode_colours,
    folders_with,
    read_palette,
)
from robustbench_endo.data.reading import read_mask

TYPES = (
    "background",
    "bipolar forceps",
    "prograsp forceps",
    "large needle driver",
    "monopolar curved scissors",
    "ultrasound probe",
    "suction instrument",
    "clip applier",
)
"""Instrument types as ISINet numbers them for 2018 only."""

_SEQUENCE = re.compile(r"seq_?(\d+)")
_PAIRS = (("images", "annotations"), ("images", "masks"), ("image", "mask"))


@dataclass(frozen=True)
class EndoVis18(Layout):
    """EndoVis 2018, as the challenge published it (12 scene labels) or with ISINet's instrument types (8 labels).

    The folders decide: ``seq_N/left_frames`` with coloured ``labels`` is the challenge's layout; ``images`` with grey
    ``annotations`` is ISINet's. In the challenge's layout, everything under a folder named test... is the test split,
    anything else train; files in ``repairs`` (``seq_1_frame042.png``) replace labels of train. In ISINet's layout,
    splits are folders.
    """

    name = "endovis18"
    tree = "seq_N/left_frames with seq_N/labels, or [train|val|test/]images with annotations of the same names"

    @property
    def labels(self) -> tuple[str, ...]:
        """Scene labels or instrument types."""
        return tuple(name for name, _ in self._scene) if self._sequences else TYPES

    def _splits(self) -> Mapping[str, Sequence[Entry]]:
        if not self._sequences:
            return self._typed_splits()
        test = [folder for folder in self._sequences if _is_test(folder, self.root)]
        train = [folder for folder in self._sequences if folder not in test]
        return {
            "train": [entry for folder in train for entry in self._frames(folder, "", self._repairs)],
            "test": [entry for folder in test for entry in self._frames(folder, "test/", {})],
        }

    def _mask(self, entry: Entry) -> Tensor | None:
        if entry.mask is None:
            return None
        return decode_colours(entry.mask, self._palette) if self._sequences else read_mask(entry.mask)

    @cached_property
    def _sequences(self) -> list[Path]:
        return list(folders_with(self.root, "left_frames"))

    @cached_property
    def _scene(self) -> tuple[tuple[str, tuple[int, int, int]], ...]:
        files = (path for folder in self._sequences for path in _label_files(folder, self.root))
        path = next(files, None)
        return read_palette(path) if path else SCENE

    @cached_property
    def _palette(self) -> dict[tuple[int, int, int], int]:
        return {colour: index for index, (_, colour) in enumerate(self._scene)}

    @cached_property
    def _repairs(self) -> dict[str, Path]:
        folders = [self.root / "repairs" / "repairs", self.root / "repairs"]
        return {stem: path for folder in folders for stem, path in images_by_stem(folder).items()}

    def _frames(self, folder: Path, prefix: str, repairs: Mapping[str, Path]) -> list[Entry]:
        subject = f"{prefix}{folder.name}"
        masks = images_by_stem(folder / "labels")
        frames = list_images(folder / "left_frames")
        if prefix and not masks:  # the labels of the test sequences were published later
            return [Entry(_id(frame, self.root), frame, None, subject_id=subject) for frame in frames]
        repaired = masks | {
            frame.stem: repairs[name] for frame in frames if (name := f"{folder.name}_{frame.stem}") in repairs
        }
        return [
            Entry(_id(frame, self.root), frame, mask_for(frame, repaired, folder / "labels"), subject_id=subject)
            for frame in frames
        ]

    def _typed_splits(self) -> dict[str, list[Entry]]:
        splits = {name: self._typed(self.root / name) for name in ("train", "val", "test")}
        return splits | ({"undivided": flat} if (flat := self._typed(self.root)) else {})

    def _typed(self, folder: Path) -> list[Entry]:
        for images, masks in _PAIRS:
            if (folder / images).is_dir() and (folder / masks).is_dir():
                folders = [folder / images, *visible_folders(folder / images)]
                return [entry for path in folders for entry in self._pairs(path, folder / images, folder / masks)]
        return []

    def _pairs(self, folder: Path, images: Path, annotations: Path) -> list[Entry]:
        mask_folder = annotations / folder.relative_to(images)
        masks = images_by_stem(mask_folder)
        return [
            Entry(
                _id(frame, self.root),
                frame,
                mask_for(frame, masks, mask_folder),
                subject_id=_sequence(_id(frame, self.root)),
            )
            for frame in list_images(folder)
        ]


def _id(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix()


def _is_test(folder: Path, root: Path) -> bool:
    return any(part.lower().startswith("test") for part in folder.relative_to(root).parts)


def _sequence(image_id: str) -> str | None:
    match = _SEQUENCE.search(image_id)
    return f"seq_{match.group(1)}" if match else None


def _label_files(folder: Path, root: Path) -> list[Path]:
    """The labels.json files in a sequence's folder and those above it, up to the root, nearest first."""
    folders = [folder, *folder.parents]
    within = folders[: folders.index(root) + 1]
    return [path / "labels.json" for path in within if (path / "labels.json").is_file()]
