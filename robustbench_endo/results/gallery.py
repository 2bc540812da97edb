"""The frames whose images and label maps a run stores at every condition, for reports."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from robustbench_endo.errors import RunError
from robustbench_endo.io_utils import read_json
from robustbench_endo.results.integrity import is_inside

Bytes = NDArray[np.uint8]

INDEX = Path("gallery") / "index.json"

GallerySection = Literal["frames", "worst"]
SECTIONS: tuple[GallerySection, ...] = ("frames", "worst")


@dataclass(frozen=True)
class GalleryFrame:
    """One stored frame; an image that the run does not have (yet) is None.

    Attributes:
        image_id: the frame's id.
        folder: of its files.
        models: names of the run's models, in the order of the mask files.
    """

    image_id: str
    folder: Path
    models: tuple[str, ...]

    def image(self, corruption: str, severity: float) -> Bytes | None:
        """The image at a condition, uint8 (h, w, 3) RGB."""
        return _read(self.folder / image_file(corruption, severity), "RGB")

    def target(self, corruption: str, severity: float) -> Bytes | None:
        """The target map at a condition (warped where the geometry moved), uint8 (h, w), 255 = ignore."""
        return _read(self.folder / target_file(corruption, severity), "L")

    def prediction(self, model: str, corruption: str, severity: float) -> Bytes | None:
        """A model's label map, uint8 (h, w)."""
        if model not in self.models:
            return None
        return _read(self.folder / prediction_file(corruption, severity, self.models.index(model)), "L")


def image_file(corruption: str, severity: float) -> str:
    """File name of the image at a condition."""
    return f"{_stem(corruption, severity)}.webp"


def target_file(corruption: str, severity: float) -> str:
    """File name of the target map at a condition."""
    return f"{_stem(corruption, severity)}.target.png"


def prediction_file(corruption: str, severity: float, model: int) -> str:
    """File name of the label map that model number ``model`` predicts at a condition."""
    return f"{_stem(corruption, severity)}.{model}.png"


def _stem(corruption: str, severity: float) -> str:
    if not _is_name(corruption):
        raise RunError(
            f"Expected the name of a corruption without / and .., got {corruption!r}: rename it, files have its name."
        )
    return f"{corruption}-{severity}"


def read_index(folder: Path) -> dict[str, Any]:
    """The index of a run folder's gallery; empty where there is none.

    Raises:
        RunError: the file cannot be read or names anything but folders of the gallery.
    """
    path = folder / INDEX
    if not path.is_file():
        return {}
    index = read_json(path)
    entries = [entry for part in SECTIONS for entry in _list(index.get(part, []))]
    names = [entry.get(key) for entry in entries if isinstance(entry, dict) for key in ("image_id", "folder")]
    models = _list(index.get("models", []))
    simple = all(_is_name(entry["folder"]) for entry in entries if isinstance(entry, dict) and "folder" in entry)
    if len(names) != 2 * len(entries) or not all(isinstance(each, str) for each in (*names, *models)) or not simple:
        raise RunError(
            f"Expected folders of the gallery in {path}, got another content: delete the folder {path.parent} and run "
            "the same robust-endo evaluate again."
        )
    return index


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else [None]


def _is_name(folder: object) -> bool:
    """Whether it is the name of a folder in the gallery, not a path that leaves it."""
    return isinstance(folder, str) and is_inside(folder) and "/" not in folder and folder != "."


def read_gallery(folder: Path, part: GallerySection = "frames") -> list[GalleryFrame]:
    """The gallery of a run folder; empty when the run stored none.

    Args:
        part: the frames stored at every condition, or those of the largest drops, stored clean and at the drop.

    Raises:
        RunError: see :func:`read_index`.
    """
    index = read_index(folder)
    models = tuple(index.get("models", ()))
    return [
        GalleryFrame(entry["image_id"], folder / "gallery" / entry["folder"], models) for entry in index.get(part, ())
    ]


def _read(path: Path, mode: str) -> Bytes | None:
    if path.is_symlink() or path.parent.is_symlink() or not path.is_file():
        return None
    try:
        with Image.open(path) as image:
            return np.asarray(image.convert(mode))
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise RunError(
            f"Cannot read the stored image {path}: {error}. Run the same robust-endo evaluate again, which stores it."
        ) from error
