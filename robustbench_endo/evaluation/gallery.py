"""Keeping the pictures and masks of a few frames at every condition, for reports."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any, Literal

import numpy as np
from PIL import Image
from torch import Tensor

from robustbench_endo.results.gallery import image_file, prediction_file, target_file
from robustbench_endo.results.io import read_json, write_json, write_whole

SHORT_SIDE = 256
"""Pictures are kept at most this large: they are looked at, not measured."""


INDEX = Path("gallery") / "index.json"


def read_index(folder: Path) -> dict[str, Any]:
    """The index of a run folder's gallery; empty where there is none."""
    return dict(read_json(folder / INDEX)) if (folder / INDEX).is_file() else {}


class GalleryWriter:
    """Writes the gallery of a run folder.

    Args:
        folder: the run folder; None keeps nothing.
        ids: the frames to keep.
        models: names of the run's models.
        part: ``frames`` at every condition, or the ``worst`` frames where they fell; see :func:`.read_gallery`.
    """

    def __init__(
        self,
        folder: Path | None,
        ids: Sequence[str],
        models: Sequence[str],
        part: Literal["frames", "worst"] = "frames",
    ) -> None:
        prefix = "" if part == "frames" else f"{part}-"
        self._folders = (
            {} if folder is None else {name: folder / "gallery" / f"{prefix}{i}" for i, name in enumerate(ids)}
        )
        self._models = list(models)
        if folder is not None:
            (folder / "gallery").mkdir(parents=True, exist_ok=True)
            for path in self._folders.values():
                path.mkdir(parents=True, exist_ok=True)
            frames = [{"image_id": name, "folder": path.name} for name, path in self._folders.items()]
            write_json(folder / INDEX, {**read_index(folder), "models": self._models, part: frames})

    def wants(self, image_id: str) -> bool:
        """Is this one of the frames to keep?"""
        return image_id in self._folders

    def picture(self, image_id: str, corruption: str, severity: int, image: Tensor, target: Tensor) -> None:
        """Keep the picture, float (3, H, W) in [0, 1], and its mask, uint8 (H, W)."""
        pixels = (image * 255).round().byte().permute(1, 2, 0).cpu().numpy()
        folder = self._folders[image_id]
        _save(folder / image_file(corruption, severity), pixels, Image.Resampling.BILINEAR)
        _save(folder / target_file(corruption, severity), target.cpu().numpy(), Image.Resampling.NEAREST)

    def prediction(self, image_id: str, corruption: str, severity: int, model: str, labels: Tensor) -> None:
        """Keep a model's mask, uint8 (H, W)."""
        name = prediction_file(corruption, severity, self._models.index(model))
        _save(self._folders[image_id] / name, labels.cpu().numpy(), Image.Resampling.NEAREST)


def _save(path: Path, pixels: np.ndarray, how: Image.Resampling) -> None:
    picture = Image.fromarray(pixels)
    factor = min(1.0, SHORT_SIDE / min(picture.size))
    if factor < 1:
        picture = picture.resize((round(picture.width * factor), round(picture.height * factor)), how)
    encoded = BytesIO()
    picture.save(encoded, "WEBP" if path.suffix == ".webp" else "PNG", quality=85)
    write_whole(path, lambda file: file.write(encoded.getvalue()))
