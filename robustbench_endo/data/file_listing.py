"""Listing of frames, masks and activities in folders."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from robustbench_endo.data.reading import IMAGE_SUFFIXES
from robustbench_endo.errors import DataError
from robustbench_endo.types import ACTIVITY

IMAGES, MASKS = "image", "mask"
LAYOUT = "[split/][activity/]image/*.png with mask/*.png of the same names, or frames directly in the folder"

_MAX_NAMES = 6
"""Number of files and folders that an error names."""


@dataclass(frozen=True)
class Entry:
    """Files and labels of one frame.

    Attributes:
        id: posix path relative to the data root.
        image: file of the image.
        mask: file of its mask; None when it has none.
        labels: classification task -> name of the frame's label, such as ``activity`` -> ``grasping``.
        subject_id: patient or sequence, where the layout itself defines it.
        overlays: further masks of the same frame, painted over the first in this order.
    """

    id: str
    image: Path
    mask: Path | None
    labels: Mapping[str, str] = field(default_factory=dict)
    subject_id: str | None = None
    overlays: tuple[Path, ...] = ()

    @property
    def masks(self) -> tuple[Path, ...]:
        """All mask files, in the order they are painted."""
        return () if self.mask is None else (self.mask, *self.overlays)


def split_root(root: Path, split: str | None) -> Path:
    """The folder of a split; without a name, ``test`` where there is one, else the root.

    Raises:
        DataError: no such root or split.
    """
    if not root.is_dir():
        raise DataError(f"Expected a data folder at {root}, got none: check the path.")
    if split is None:
        return root / "test" if (root / "test").is_dir() else root
    if not (root / split).is_dir():
        folders = ", ".join(sorted(path.name for path in root.iterdir() if path.is_dir())) or "no folder"
        raise DataError(f"Expected a split {split!r} in {root}, got {folders}: choose with --split, or leave it out.")
    return root / split


def list_entries(root: Path, folder: Path) -> tuple[Entry, ...]:
    """All frames under ``folder``, sorted by id (posix path relative to ``root``).

    Layouts: ``folder/image`` + ``folder/mask``; ``folder/<activity>/image`` + ``mask``; or frames directly in
    ``folder`` (then there are neither masks nor activities).

    Raises:
        DataError: no frame, or an image without mask where there are masks.
    """
    if (folder / IMAGES).is_dir():
        entries = _image_mask_pairs(root, folder, None)
    elif activities := _activities_in(folder):
        entries = [entry for name in activities for entry in _image_mask_pairs(root, folder / name, name)]
    else:
        entries = [Entry(path.relative_to(root).as_posix(), path, None) for path in list_images(folder)]
    if not entries:
        raise DataError(f"Expected frames in {folder}, got {summarize_folder(folder)}: the layout is {LAYOUT}.")
    return tuple(sorted(entries, key=lambda entry: entry.id))


def activity_folders(root: Path, folder: Path) -> tuple[str, ...]:
    """Names of the activities over all splits, so that an index means the same in each of them."""
    names = set(_activities_in(folder))
    if names and folder != root:
        for split in root.iterdir():
            names |= set(_activities_in(split))
    return tuple(sorted(names, key=natural_key))


def _activities_in(folder: Path) -> list[str]:
    if not folder.is_dir():
        return []
    return sorted(path.name for path in folder.iterdir() if (path / IMAGES).is_dir())


def _image_mask_pairs(root: Path, folder: Path, activity: str | None) -> list[Entry]:
    masks = images_by_stem(folder / MASKS) if (folder / MASKS).is_dir() else None
    labels = {} if activity is None else {ACTIVITY: activity}
    return [
        Entry(
            image.relative_to(root).as_posix(),
            image,
            None if masks is None else mask_for(image, masks, folder / MASKS),
            labels,
        )
        for image in list_images(folder / IMAGES)
    ]


def list_images(folder: Path) -> list[Path]:
    """The images in a folder, by name, without the metadata files of macOS (``._name.png``)."""
    return sorted(
        path
        for path in folder.iterdir()
        if path.suffix.lower() in IMAGE_SUFFIXES and not path.name.startswith("._") and path.is_file()
    )


def images_by_stem(folder: Path) -> dict[str, Path]:
    """Name without suffix -> image in a folder; empty when there is no such folder."""
    return {path.stem: path for path in list_images(folder)} if folder.is_dir() else {}


def mask_for(frame: Path, masks: Mapping[str, Path], folder: Path) -> Path:
    """The mask of a frame.

    Args:
        frame: file of the image.
        masks: from :func:`images_by_stem`.
        folder: that the masks are in, for the error.

    Raises:
        DataError: no mask has the frame's name.
    """
    if frame.stem not in masks:
        raise DataError(
            f"Expected a mask for the frame {frame}, got none of that name in {folder}: add the mask, or remove the "
            "frame."
        )
    return masks[frame.stem]


def summarize_folder(folder: Path) -> str:
    """The first names in a folder, for an error."""
    names = sorted(path.name for path in folder.iterdir())
    more = f" and {len(names) - _MAX_NAMES} more" if len(names) > _MAX_NAMES else ""
    return ", ".join(names[:_MAX_NAMES]) + more if names else "nothing"


def natural_key(name: str) -> tuple[tuple[int, str], ...]:
    """Sort key that puts 2 before 10.

    >>> sorted(["10", "b", "2"], key=natural_key)
    ['2', '10', 'b']
    """
    parts = re.split(r"(\d+)", name)
    return tuple((int(part), "") if part.isdigit() else (-1, part) for part in parts)
