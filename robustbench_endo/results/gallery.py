"""The frames whose images and label maps a run stores at every condition, for reports."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from robustbench_endo.io_utils import read_json

Bytes = NDArray[np.uint8]

INDEX = Path("gallery") / "index.json"


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

    def image(self, corruption: str, severity: int) -> Bytes | None:
        """The image at a condition, uint8 (h, w, 3) RGB."""
        return _read(self.folder / image_file(corruption, severity), "RGB")

    def target(self, corruption: str, severity: int) -> Bytes | None:
        """The target map at a condition (warped where the geometry moved), uint8 (h, w), 255 = ignore."""
        return _read(self.folder / target_file(corruption, severity), "L")

    def prediction(self, model: str, corruption: str, severity: int) -> Bytes | None:
        """A model's label map, uint8 (h, w)."""
        if model not in self.models:
            return None
        return _read(self.folder / prediction_file(corruption, severity, self.models.index(model)), "L")


def image_file(corruption: str, severity: int) -> str:
    """File name of the image at a condition."""
    return f"{corruption}-{severity}.webp"


def target_file(corruption: str, severity: int) -> str:
    """File name of the target map at a condition."""
    return f"{corruption}-{severity}.target.png"


def prediction_file(corruption: str, severity: int, model: int) -> str:
    """File name of the label map that model number ``model`` predicts at a condition."""
    return f"{corruption}-{severity}.{model}.png"


def read_index(folder: Path) -> dict[str, Any]:
    """The index of a run folder's gallery; empty where there is none."""
    return read_json(folder / INDEX) if (folder / INDEX).is_file() else {}


def read_gallery(folder: Path, part: Literal["frames", "worst"] = "frames") -> list[GalleryFrame]:
    """The gallery of a run folder; empty when the run stored none.

    Args:
        part: the frames stored at every condition, or those of the largest drops, stored clean and at the drop.
    """
    index = read_index(folder)
    models = tuple(index.get("models", ()))
    return [
        GalleryFrame(entry["image_id"], folder / "gallery" / entry["folder"], models) for entry in index.get(part, ())
    ]


def _read(path: Path, mode: str) -> Bytes | None:
    if not path.is_file():
        return None
    with Image.open(path) as image:
        return np.asarray(image.convert(mode))
