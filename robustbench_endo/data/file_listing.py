"""Finding frames, masks and activities in folders."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from robustbench_endo.data.reading import IMAGE_SUFFIXES
from robustbench_endo.errors import DataError

IMAGES, MASKS = "image", "mask"
LAYOUT = "[split/][activity/]image/*.png with mask/*.png of the same names beside it, or frames directly in the folder"

_SHOWN = 6


@dataclass(frozen=True)
class Entry:
    """Where one frame lies.

    Attributes:
        id: posix path relative to the data root.
        image: the picture.
        mask: its mask; None when it has none.
        activity: name of the activity; None when it has none.
        subject: patient or sequence, where the layout itself tells.
        overlays: further masks of the same frame, painted over the first in this order.
    """

    id: str
    image: Path
    mask: Path | None
    activity: str | None = None
    subject_id: str | None = None
    overlays: tuple[Path, ...] = ()

    @property
    def masks(self) -> tuple[Path, ...]:
        """All mask files, in the order they are painted."""
        return () if self.mask is None else (self.mask, *self.overlays)


def split_root(root: Path, split: str | None) -> Path:
    """The folder of a split; without a name, ``test`` where there is one, else the root.

    Raises:
        DataError: the root or the split is not there.
    """
    if not root.is_dir():
        raise DataError(f"Expected a data folder at {root}, got none: check the path.")
    if split is None:
        return root / "test" if (root / "test").is_dir() else root
    if not (root / split).is_dir():
        found = ", ".join(sorted(path.name for path in root.iterdir() if path.is_dir())) or "no folder"
        raise DataError(f"Expected a split {split!r} in {root}, got {found}: choose with --split, or leave it out.")
    return root / split


def list_entries(root: Path, folder: Path) -> tuple[Entry, ...]:
    """All frames under ``folder``, sorted by id (posix path relative to ``root``).

    Layouts: ``folder/image`` + ``folder/mask``; ``folder/<activity>/image`` + ``mask``; or frames directly in
    ``folder`` (then there are neither masks nor activities).

    Raises:
        DataError: no frame, or an image without mask where there are masks.
    """
    if (folder / IMAGES).is_dir():
        entries = _pairs(root, folder, None)
    elif named := _activities_of(folder):
        entries = [entry for name in named for entry in _pairs(root, folder / name, name)]
    else:
        entries = [Entry(path.relative_to(root).as_posix(), path, None, None) for path in pictures(folder)]
    if not entries:
        raise DataError(f"Expected frames in {folder}, got {content(folder)}: the layout is {LAYOUT}.")
    return tuple(sorted(entries, key=lambda entry: entry.id))


def activity_folders(root: Path, folder: Path) -> tuple[str, ...]:
    """Names of the activities over all splits, so that an index means the same in each of them."""
    names = set(_activities_of(folder))
    if names and folder != root:
        for split in root.iterdir():
            names |= set(_activities_of(split))
    return tuple(sorted(names, key=natural))


def _activities_of(folder: Path) -> list[str]:
    if not folder.is_dir():
        return []
    return sorted(path.name for path in folder.iterdir() if (path / IMAGES).is_dir())


def _pairs(root: Path, folder: Path, activity: str | None) -> list[Entry]:
    masks = {path.stem: path for path in pictures(folder / MASKS)} if (folder / MASKS).is_dir() else None
    return [
        Entry(image.relative_to(root).as_posix(), image, _mask_of(image, masks), activity)
        for image in pictures(folder / IMAGES)
    ]


def _mask_of(image: Path, masks: dict[str, Path] | None) -> Path | None:
    if masks is None:
        return None
    if image.stem not in masks:
        raise DataError(
            f"Expected a mask for the frame {image}, got none of that name in {image.parents[1] / MASKS}: "
            "add the mask, or remove the frame."
        )
    return masks[image.stem]


def pictures(folder: Path) -> list[Path]:
    """The pictures in a folder, by name; what macOS leaves beside them (``._name.png``) is none."""
    return sorted(
        path
        for path in folder.iterdir()
        if path.suffix.lower() in IMAGE_SUFFIXES and not path.name.startswith("._") and path.is_file()
    )


def content(folder: Path) -> str:
    """The first names in a folder, for an error."""
    names = sorted(path.name for path in folder.iterdir())
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more if names else "nothing"


def natural(name: str) -> tuple[tuple[int, str], ...]:
    """Sort key that puts 2 before 10."""
    parts = re.split(r"(\d+)", name)
    return tuple((int(part), "") if part.isdigit() else (-1, part) for part in parts)
