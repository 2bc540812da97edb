"""CholecSeg8k: laparoscopic gallbladder removal, 8080 frames of 17 videos of Cholec80, 854 x 480 pixels.

Layout and names after Hong et al., arXiv:2012.12453. According to the paper the watershed masks contain class ids; the
files contain the annotation tool's values below. Value to class after github.com/mhjd/cholecseg8k-deeplabv3
(src/masks.py); class to colour after github.com/dataset-ninja/cholec-seg8k (src/convert.py), with (127, 127, 127) for
the black background as github.com/we66530/Train_CholecSeg8k_with_DeeplabV3Res101_pytorch corrected it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from robustbench_endo.data.file_listing import Entry, images_by_stem, visible_folders
from robustbench_endo.data.layouts.base import Layout
from robustbench_endo.data.layouts.label_maps import Colour, decode_colours, decode_levels
from robustbench_endo.errors import DataError
from robustbench_endo.types import IGNORE

CLASSES: tuple[tuple[str, int, Colour], ...] = (
    ("black background", 50, (127, 127, 127)),
    ("abdominal wall", 11, (210, 140, 140)),
    ("liver", 21, (255, 114, 114)),
    ("gastrointestinal tract", 13, (231, 70, 156)),
    ("fat", 12, (186, 183, 75)),
    ("grasper", 31, (170, 255, 0)),
    ("connective tissue", 23, (255, 85, 0)),
    ("blood", 24, (255, 0, 0)),
    ("cystic duct", 25, (255, 255, 0)),
    ("l-hook electrocautery", 32, (169, 255, 184)),
    ("gallbladder", 22, (255, 160, 165)),
    ("hepatic vein", 33, (0, 50, 128)),
    ("liver ligament", 5, (111, 74, 0)),
)
"""Name, grey value in the watershed mask and colour in the colour mask, in order of the paper's class number."""

TEST_VIDEOS = ("video12", "video20", "video48", "video55")
VAL_VIDEOS = ("video17", "video35")
"""There is no official split: this project splits by video (a video is a patient)."""

_WATERSHED, _COLOUR, _FRAME = "_watershed_mask", "_color_mask", "_endo"
_LEVELS = {value: index for index, (_, value, _) in enumerate(CLASSES)} | {0: IGNORE, 255: IGNORE}
_COLOURS = {colour: index for index, (_, _, colour) in enumerate(CLASSES)} | {
    (0, 0, 0): IGNORE,
    (255, 255, 255): IGNORE,
}
"""White is the line that the watershed draws between two regions, 0 a pixel that it did not reach."""


@dataclass(frozen=True)
class CholecSeg8k(Layout):
    """CholecSeg8k with its 13 labels, read from the watershed masks, else from the colour masks."""

    name = "cholecseg8k"
    tree = "videoNN/videoNN_NNNNN/frame_N_endo.png with frame_N_endo_watershed_mask.png"
    labels = tuple(name for name, _, _ in CLASSES)

    def _splits(self) -> Mapping[str, Sequence[Entry]]:
        splits: dict[str, list[Entry]] = {"train": [], "val": [], "test": []}
        for video in visible_folders(self.root):
            split = "test" if video.name in TEST_VIDEOS else "val" if video.name in VAL_VIDEOS else "train"
            splits[split] += [entry for clip in visible_folders(video) for entry in self._frames(video, clip)]
        return splits

    def _frames(self, video: Path, clip: Path) -> list[Entry]:
        files = images_by_stem(clip)
        return [
            Entry(path.relative_to(self.root).as_posix(), path, _mask_of(path, files), subject_id=video.name)
            for stem, path in files.items()
            if stem.endswith(_FRAME)
        ]

    def _mask(self, entry: Entry) -> Tensor | None:
        assert entry.mask is not None
        if entry.mask.stem.endswith(_WATERSHED):
            return decode_levels(entry.mask, _LEVELS)
        return decode_colours(entry.mask, _COLOURS)


def _mask_of(frame: Path, files: Mapping[str, Path]) -> Path:
    for kind in (_WATERSHED, _COLOUR):
        if frame.stem + kind in files:
            return files[frame.stem + kind]
    raise DataError(
        f"Expected {frame.stem}{_WATERSHED}.png (or {frame.stem}{_COLOUR}.png) next to the frame {frame}, got "
        "neither: add the mask, or remove the frame."
    )
