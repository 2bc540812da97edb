"""Looking through folders."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from robustbench_endo.data.layout import pictures
from robustbench_endo.errors import DataError


def folders_with(root: Path, child: str, depth: int = 5) -> Iterator[Path]:
    """Every folder under ``root`` (itself included) that has a sub-folder ``child``, in order of names.

    What macOS adds to archives (``__MACOSX``) and hidden folders are passed over: they hold files with the names of
    frames that are none.
    """
    if (root / child).is_dir():
        yield root
    elif depth:
        for folder in sub_folders(root):
            yield from folders_with(folder, child, depth - 1)


def sub_folders(folder: Path) -> list[Path]:
    """The folders in a folder, by name; none when there is no such folder."""
    if not folder.is_dir():
        return []
    found = [path for path in folder.iterdir() if path.is_dir() and not path.name.startswith((".", "__"))]
    return sorted(found)


def pictures_by_stem(folder: Path) -> dict[str, Path]:
    """The pictures in a folder by their names without suffix; none when there is no such folder."""
    return {path.stem: path for path in pictures(folder)} if folder.is_dir() else {}


def mask_for(frame: Path, masks: dict[str, Path], folder: Path) -> Path:
    """The mask of the frame's name.

    Raises:
        DataError: there is none.
    """
    if frame.stem not in masks:
        raise DataError(
            f"Expected a mask for the frame {frame}, found none of that name in {folder}: add the mask, or remove "
            "the frame."
        )
    return masks[frame.stem]
