"""Kvasir-Instrument: tools in gastrointestinal endoscopy, 590 frames of many sizes.

Jha et al., arXiv:2011.08065; datasets.simula.no/kvasir-instrument for the layout: 472 names in train.txt, 118 in
test.txt.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from robustbench_endo.data.file_listing import Entry, images_by_stem, mask_for
from robustbench_endo.data.layouts.base import Layout
from robustbench_endo.data.reading import read_colours
from robustbench_endo.data.text_files import read_text
from robustbench_endo.errors import DataError

_LISTS = {"train": "train.txt", "test": "test.txt"}


@dataclass(frozen=True)
class KvasirInstrument(Layout):
    """Kvasir-Instrument with its 2 labels; a mask pixel is the tool where it is at least 128.

    No patient identifiers are available: all frames are one subject unless ``subject_regex`` or
    ``assume_independent_frames`` is given.
    """

    name = "kvasir-instrument"
    tree = "images, masks, train.txt and test.txt"
    labels = ("background", "instrument")
    names_identify_subjects = False

    def _splits(self) -> Mapping[str, Sequence[Entry]]:
        images = images_by_stem(self.root / "images")
        masks = images_by_stem(self.root / "masks")
        lists = {split: self.root / file for split, file in _LISTS.items() if (self.root / file).is_file()}
        if not images or not lists:
            return {split: [] for split in _LISTS}
        return {
            split: [self._entry(name, images, masks, path) for name in _names(path)] for split, path in lists.items()
        }

    def _entry(self, name: str, images: Mapping[str, Path], masks: Mapping[str, Path], names_file: Path) -> Entry:
        if name not in images:
            raise DataError(
                f"Expected the frame {name!r} of {names_file} in {self.root / 'images'}, got none of that name: "
                "unpack the images again, or remove the name from the list."
            )
        path = images[name]
        return Entry(path.relative_to(self.root).as_posix(), path, mask_for(path, masks, self.root / "masks"))

    def _mask(self, entry: Entry) -> Tensor | None:
        assert entry.mask is not None
        return torch.from_numpy(read_colours(entry.mask).max(-1) >= 128).to(torch.uint8)


def _names(path: Path) -> list[str]:
    lines = (line.strip() for line in read_text(path).splitlines())
    return [Path(line).stem for line in lines if line]
