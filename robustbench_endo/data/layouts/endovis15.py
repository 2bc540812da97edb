"""EndoVis 2015, segmentation of rigid instruments: in-vivo laparoscopic frames of 640 x 480 pixels.

MICCAI 2015 sub-challenge on instrument segmentation and tracking; archives Segmentation_Rigid_Training.zip,
Segmentation_Rigid_Testing_Revision.zip and Segmentation_Rigid_Testing_GT.zip at opencas.webarchiv.kit.edu.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from robustbench_endo.data.file_listing import Entry, list_images
from robustbench_endo.data.layouts.base import Layout
from robustbench_endo.data.layouts.label_maps import decode_levels, folders_with

LEVELS = {0: 0, 160: 1, 70: 2}
"""Grey value -> label: background, shaft, manipulator."""

_FRAME, _MASK = "_raw", "_class"
_OPERATION = re.compile(r"OP\d+")


@dataclass(frozen=True)
class EndoVis15(Layout):
    """EndoVis 2015 rigid instruments with its 3 labels; the subject is the operation.

    Training and test frames of OP1 to OP4 are of the same operations, so ids and subjects begin with the operation and
    the split is part of the id only.
    """

    name = "endovis15"
    tree = "Training/OPn/Raw/img_NN_raw.png with Masks/img_NN_class.png, and Testing alike"
    labels = ("background", "shaft", "manipulator")

    def _splits(self) -> Mapping[str, Sequence[Entry]]:
        splits: dict[str, list[Entry]] = {"train": [], "test": []}
        masks = self._masks()
        for raw in folders_with(self.root, "Raw"):
            split = "test" if _is_test(raw, self.root) else "train"
            for image in list_images(raw / "Raw"):
                if image.stem.endswith(_FRAME):
                    splits[split].append(_entry(split, raw, image, masks))
        return splits

    def _masks(self) -> dict[tuple[str, str, str], Path]:
        """Split, operation and frame -> mask; those of the test frames are in an archive of their own."""
        return {
            (split, folder.name, image.stem): image
            for folder in folders_with(self.root, "Masks")
            for split in ["test" if _is_test(folder, self.root) else "train"]
            for image in list_images(folder / "Masks")
        }

    def _mask(self, entry: Entry) -> Tensor | None:
        return None if entry.mask is None else decode_levels(entry.mask, LEVELS)


def _entry(split: str, folder: Path, image: Path, masks: Mapping[tuple[str, str, str], Path]) -> Entry:
    name = image.stem.removesuffix(_FRAME)
    mask = masks.get((split, folder.name, name + _MASK), folder / "Masks" / f"{name}{_MASK}.png")
    match = _OPERATION.search(folder.name)
    return Entry(
        f"{split}/{folder.name}/{image.name}", image, mask, subject_id=match.group(0) if match else folder.name
    )


def _is_test(folder: Path, root: Path) -> bool:
    return any("test" in part.lower() for part in folder.relative_to(root).parts)
