"""Images and label maps of a few frames at every condition, stored for reports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import Image
from torch import Tensor

from robustbench_endo.evaluation.batch import Batch
from robustbench_endo.evaluation.conditions import Condition
from robustbench_endo.evaluation.predict import Predictions
from robustbench_endo.io_utils import write_atomically, write_json
from robustbench_endo.results.gallery import INDEX, image_file, prediction_file, read_index, target_file
from robustbench_endo.results.integrity import GALLERY

SHORT_SIDE = 256
"""Images are stored at most this large: they are for viewing, not for measuring."""

WEBP_METHOD = 2
"""Of 0 (fast) to 6: less than half the time of the default 4 for files that are 4 % larger."""


class GalleryWriter:
    """Writes the gallery of a run folder.

    Args:
        folder: the run folder; None stores nothing.
        ids: the frames to store.
        models: names of the run's models.
        part: ``frames`` at every condition, or the frames of the ``worst`` drops; see :func:`.read_gallery`.
    """

    def __init__(
        self,
        folder: Path | None,
        ids: Sequence[str],
        models: Sequence[str],
        part: Literal["frames", "worst"] = "frames",
    ) -> None:
        prefix = "" if part == "frames" else f"{part}-"
        self._folder, self._part = folder, part
        self._folders = (
            {} if folder is None else {name: folder / GALLERY / f"{prefix}{i}" for i, name in enumerate(ids)}
        )
        self._models = list(models)

    def write_index(self) -> None:
        """Add the frames to the gallery's index."""
        if self._folder is None:
            return
        for path in (self._folder / GALLERY, *self._folders.values()):
            path.mkdir(parents=True, exist_ok=True)
        frames = [{"image_id": name, "folder": path.name} for name, path in self._folders.items()]
        before = read_index(self._folder)
        index = {**before, "models": self._models, self._part: frames}
        if index != before:
            write_json(self._folder / INDEX, index)

    def lacks(self, image_id: str, condition: Condition) -> bool:
        """Whether the image of a frame at a condition is not stored, although its frame belongs to the gallery."""
        folder = self._folders.get(image_id)
        return folder is not None and not (folder / image_file(condition.corruption, condition.severity)).is_file()

    @property
    def ids(self) -> list[str]:
        """The frames to store."""
        return list(self._folders)

    def save(
        self,
        condition: Condition,
        batch: Batch,
        images: Tensor,
        targets: Mapping[str, Tensor],
        predictions: Mapping[str, Predictions],
    ) -> None:
        """Store those frames of a batch that belong to the gallery, with targets and predictions that are maps.

        Of several draws of a condition the first one is stored.
        """
        if condition.replicate:
            return
        corruption, severity = condition.corruption, condition.severity
        for i, image_id in enumerate(batch.ids):
            folder = self._folders.get(image_id)
            if folder is None:
                continue
            folder.mkdir(parents=True, exist_ok=True)
            pixels = (images[i] * 255).round().byte().permute(1, 2, 0).cpu().numpy()
            _save(folder / image_file(corruption, severity), pixels, Image.Resampling.BILINEAR)
            for target in targets.values():
                if target.ndim == 3:
                    _save(folder / target_file(corruption, severity), target[i].cpu().numpy(), Image.Resampling.NEAREST)
            for model, outputs in predictions.items():
                for prediction in outputs.values():
                    if prediction.label_map is not None:
                        path = folder / prediction_file(corruption, severity, self._models.index(model))
                        _save(path, prediction.label_map[i].cpu().numpy(), Image.Resampling.NEAREST)


def _save(path: Path, pixels: np.ndarray, how: Image.Resampling) -> None:
    image = Image.fromarray(pixels)
    factor = min(1.0, SHORT_SIDE / min(image.size))
    if factor < 1:
        image = image.resize((round(image.width * factor), round(image.height * factor)), how)
    encoded = BytesIO()
    image.save(encoded, "WEBP" if path.suffix == ".webp" else "PNG", quality=85, method=WEBP_METHOD)
    write_atomically(path, encoded.getvalue())
