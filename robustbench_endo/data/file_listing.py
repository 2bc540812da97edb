"""Listing of frames, masks and activities in folders."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from robustbench_endo.data.reading import IMAGE_SUFFIXES
from robustbench_endo.data.text_files import has_controls
from robustbench_endo.errors import DataError
from robustbench_endo.types import ACTIVITY

IMAGES = ("image", "images")
"""Names of a folder of frames."""
MASKS = ("mask", "masks", "label", "labels", "annotation", "annotations")
"""Names of a folder of masks next to it."""
MASK_SUFFIXES = ("", "_mask", "_label", "_labels", "_seg")
"""Endings of the name of a mask after that of its frame."""
LAYOUT = (
    "[split/][activity/]image/*.png with mask/*.png of the same names (images and masks, labels or annotations, too), "
    "or frames directly in the folder, with masks named *_mask.png next to them"
)

_MAX_NAMES = 6
"""Number of files and folders that an error names."""


@dataclass(frozen=True)
class Entry:
    """Files and labels of one frame.

    Attributes:
        id: posix path, of folders relative to the split.
        image: file of the image.
        mask: file of its mask, which may be missing; None where frames have no masks.
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


STANDARD_SPLITS = ("train", "val", "test")


def data_root(root: Path, folder: Path) -> Path:
    """The folder above the splits, also where ``root`` is the folder of a standard split itself."""
    resolved = root.resolve()
    return resolved.parent if folder == root and resolved.name in STANDARD_SPLITS else root


def split_folders(root: Path, folder: Path) -> list[Path]:
    """``folder`` and the folders of the other splits."""
    if folder != root:
        return [folder, *visible_folders(root)]
    top = data_root(root, folder)
    return [folder, *(top / name for name in STANDARD_SPLITS)] if top != root else [folder]


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
        folders = ", ".join(path.name for path in visible_folders(root)) or "no folder"
        raise DataError(f"Expected a split {split!r} in {root}, got {folders}: choose with --split, or leave it out.")
    return root / split


def list_entries(folder: Path) -> tuple[Entry, ...]:
    """All frames under the folder of a split, sorted by id (posix path relative to it).

    Layouts: ``image`` + ``mask``; ``<activity>/image`` + ``mask``; frames directly in the folder, with or without masks
    named ``<frame>_mask`` next to them. A frame whose mask is missing has the path that the mask should have.

    Raises:
        DataError: no frame.
    """
    if image_folder(folder):
        entries = _image_mask_pairs(folder, folder, None)
    elif activities := _activities_in(folder):
        entries = [entry for name in activities for entry in _image_mask_pairs(folder, folder / name, name)]
    else:
        entries = _frames_and_masks(folder)
    if not entries:
        raise DataError(f"Expected frames in {folder}, got {summarize_folder(folder)}: the layout is {LAYOUT}.")
    return tuple(sorted(entries, key=lambda entry: entry.id))


def image_folder(folder: Path) -> Path | None:
    """The folder of frames in a folder; None where it has none."""
    return _sub_folder(folder, IMAGES)


def activity_folders(splits: Sequence[Path]) -> tuple[str, ...]:
    """Names of the activities over the folders of all splits, so that an index means the same in each of them."""
    return tuple(sorted({name for folder in splits for name in _activities_in(folder)}, key=natural_key))


def visible_folders(folder: Path) -> list[Path]:
    """The folders in a folder, by name, without hidden ones and those that macOS adds to archives (``__MACOSX``)."""
    if not folder.is_dir():
        return []
    folders = [path for path in folder.iterdir() if path.is_dir() and not path.name.startswith((".", "__"))]
    return sorted(folders)


def _activities_in(folder: Path) -> list[str]:
    return [path.name for path in visible_folders(folder) if image_folder(path)]


def _sub_folder(folder: Path, names: Sequence[str]) -> Path | None:
    return next((folder / name for name in names if (folder / name).is_dir()), None)


def _image_mask_pairs(root: Path, folder: Path, activity: str | None) -> list[Entry]:
    images, mask_folder = image_folder(folder), _sub_folder(folder, MASKS)
    masks = None if mask_folder is None else images_by_stem(mask_folder)
    labels = {} if activity is None else {ACTIVITY: activity}
    return [
        Entry(
            image.relative_to(root).as_posix(),
            image,
            None if masks is None or mask_folder is None else mask_for(image, masks, mask_folder),
            labels,
        )
        for image in ([] if images is None else list_images(images))
    ]


def _frames_and_masks(folder: Path) -> list[Entry]:
    """Frames directly in a folder; images named as the mask of another one are masks."""
    files = images_by_stem(folder)
    masks = {stem for stem in files if any(_has_suffix(stem, suffix, files) for suffix in MASK_SUFFIXES[1:])}
    frames = [path for path in list_images(folder) if path.stem not in masks]
    return [
        Entry(path.name, path, mask_for(path, files, folder, MASK_SUFFIXES[1:]) if masks else None) for path in frames
    ]


def _has_suffix(stem: str, suffix: str, files: Mapping[str, Path]) -> bool:
    return stem.endswith(suffix) and stem.removesuffix(suffix) in files


def list_images(folder: Path) -> list[Path]:
    """The images in a folder, by name, without hidden files such as the metadata of macOS (``._name.png``).

    Raises:
        DataError: a file name that no report can store.
    """
    images = sorted(
        path
        for path in folder.iterdir()
        if path.suffix.lower() in IMAGE_SUFFIXES and not path.name.startswith(".") and path.is_file()
    )
    if odd := [path.name for path in images if has_controls(path.name)]:
        raise DataError(
            f"Expected file names in UTF-8 without control characters in {folder}, got {odd[0]!a}: rename the file."
        )
    return images


def images_by_stem(folder: Path) -> dict[str, Path]:
    """Name without suffix -> image in a folder; empty when there is no such folder."""
    return {path.stem: path for path in list_images(folder)} if folder.is_dir() else {}


def mask_for(frame: Path, masks: Mapping[str, Path], folder: Path, suffixes: Sequence[str] = MASK_SUFFIXES) -> Path:
    """The mask of a frame, or the file that it should be where it is missing.

    Args:
        frame: file of the image.
        masks: from :func:`images_by_stem`.
        folder: that the masks are in.
        suffixes: endings of the name of a mask after that of its frame, the first that exists is taken.
    """
    names = [frame.stem + suffix for suffix in suffixes]
    return next((masks[name] for name in names if name in masks), folder / f"{names[0]}.png")


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
