"""The frames whose pictures and masks a run keeps at every condition, for reports."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Bytes = NDArray[np.uint8]


@dataclass(frozen=True)
class GalleryFrame:
    """One kept frame; a picture that the run has not (yet) is None.

    Attributes:
        image_id: the frame's id.
        folder: where its files lie.
        models: names of the run's models, in the order of the mask files.
    """

    image_id: str
    folder: Path
    models: tuple[str, ...]

    def image(self, corruption: str, severity: int) -> Bytes | None:
        """The picture at a condition, uint8 (h, w, 3) RGB."""
        return _read(self.folder / image_file(corruption, severity), "RGB")

    def target(self, corruption: str, severity: int) -> Bytes | None:
        """The mask it is scored against (warped where the geometry moved), uint8 (h, w), 255 = ignore."""
        return _read(self.folder / target_file(corruption, severity), "L")

    def prediction(self, model: str, corruption: str, severity: int) -> Bytes | None:
        """A model's mask, uint8 (h, w)."""
        if model not in self.models:
            return None
        return _read(self.folder / prediction_file(corruption, severity, self.models.index(model)), "L")


def image_file(corruption: str, severity: int) -> str:
    """File name of the picture at a condition."""
    return f"{corruption}-{severity}.webp"


def target_file(corruption: str, severity: int) -> str:
    """File name of the true mask at a condition."""
    return f"{corruption}-{severity}.target.png"


def prediction_file(corruption: str, severity: int, model: int) -> str:
    """File name of the mask that model number ``model`` predicts at a condition."""
    return f"{corruption}-{severity}.{model}.png"


def read_gallery(folder: Path, part: Literal["frames", "worst"] = "frames") -> list[GalleryFrame]:
    """The gallery of a run folder; empty when the run kept none.

    Args:
        part: the frames kept at every condition, or those of the deepest falls, kept clean and where they fell.
    """
    index = folder / "gallery" / "index.json"
    if not index.is_file():
        return []
    listed = json.loads(index.read_text("utf-8"))
    models = tuple(listed["models"])
    return [
        GalleryFrame(entry["image_id"], folder / "gallery" / entry["folder"], models) for entry in listed.get(part, ())
    ]


def _read(path: Path, mode: str) -> Bytes | None:
    if not path.is_file():
        return None
    with Image.open(path) as picture:
        return np.asarray(picture.convert(mode))
