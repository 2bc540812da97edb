"""After the last chunk: thumbnails of the worst, median and best frames, and predictions of the largest drops."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image
from torch import Tensor

from robustbench_endo.evaluation.batch import Batch
from robustbench_endo.evaluation.conditions import Condition
from robustbench_endo.evaluation.gallery import WEBP_METHOD, GalleryWriter
from robustbench_endo.evaluation.gallery_images import evaluate_frames
from robustbench_endo.evaluation.plan import EvaluationPlan
from robustbench_endo.evaluation.predict import Predictions
from robustbench_endo.evaluation.profiler import Profiler
from robustbench_endo.evaluation.stored_predictions import PredictionStore
from robustbench_endo.predictions.codec import encode_label_map
from robustbench_endo.predictions.files import chunk_file, prediction_problem, prediction_writer, worst_name
from robustbench_endo.results.integrity import PREDICTIONS
from robustbench_endo.results.io import write_table
from robustbench_endo.results.kept_frames import kept_file, kept_schema, select_frames
from robustbench_endo.results.results import Results
from robustbench_endo.results.schema import CLEAN
from robustbench_endo.results.severity import as_severity
from robustbench_endo.results.tail_risk import largest_drops

THUMBNAIL = 128
"""Short side at most: 285 images and their label maps are then about 1 MB."""

QUALITY = 60
SETTINGS = b"settings"
"""Metadata key of the thumbnails: what they follow from."""


def store_kept_frames(plan: EvaluationPlan, results: Results, profiler: Profiler) -> None:
    """Store thumbnails of some frames of each condition, which are known only when all records are there.

    Nothing is done without ``keep_frames``, or where they were stored before.
    """
    count, path = plan.config.keep_frames, kept_file(plan.config.out)
    settings = f"{plan.folder.run} {count} {THUMBNAIL}".encode()
    if not count or _settings(path) == settings:
        return
    selected = select_frames(results, count)
    thumbnails = _Thumbnails(list(plan.models))
    conditions: dict[str, dict[Condition, None]] = {}
    for row in selected.itertuples():
        condition = Condition(str(row.corruption), as_severity(row.severity))
        conditions.setdefault(str(row.image_id), {})[condition] = None
    stored = replace(plan, gallery=thumbnails, predictions=replace(plan.predictions, active=False))
    evaluate_frames(stored, profiler, {image_id: list(each) for image_id, each in conditions.items()})
    rows = [
        {**row, **thumbnails.images[row["image_id"], row["corruption"], as_severity(row["severity"])]}
        for row in selected.drop(columns="score").to_dict("records")
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    write_table(path, pa.Table.from_pylist(rows, kept_schema()).replace_schema_metadata({SETTINGS: settings}))


def store_worst_predictions(plan: EvaluationPlan, results: Results, profiler: Profiler) -> None:
    """Store what all models predict for the frames of the largest drops of each model and corruption, and when clean.

    Nothing is done in a run that does not store them, or where they were stored before.
    """
    mode, folder = plan.config.save_predictions, plan.config.out
    if not mode.startswith("worst"):
        return
    logits, name = mode.endswith("+logits"), worst_name(max(1, plan.config.keep_frames))
    path = chunk_file(folder, name)
    for other in (folder / PREDICTIONS).glob(f"{worst_name('*')}.parquet"):
        if other != path:
            other.unlink()
    if not prediction_problem(path, plan.folder.run, name, logits=logits):
        return
    store = PredictionStore(plan.tasks, logits=logits)
    conditions = _conditions_of_drops(results, max(1, plan.config.keep_frames))
    stored = replace(plan, gallery=GalleryWriter(None, [], []), predictions=store)
    with prediction_writer(path, store.schema, plan.folder.run, name) as writer:
        evaluate_frames(stored, profiler, conditions, writer.write)


def _settings(path: Path) -> bytes | None:
    """What the thumbnails in a file follow from; None without a readable file."""
    try:
        return (pq.read_schema(path).metadata or {}).get(SETTINGS)
    except (pa.ArrowException, OSError, ValueError):
        return None


def _conditions_of_drops(results: Results, count: int) -> Mapping[str, list[Condition]]:
    """Frame -> clean and the conditions at which it is one of the largest drops of a model and corruption."""
    drops = largest_drops(results, len(results.frame)).groupby(["model", "corruption"], sort=False).head(count)
    conditions: dict[str, set[Condition]] = {}
    for row in drops.itertuples():
        conditions.setdefault(str(row.image_id), set()).add(Condition(str(row.corruption), as_severity(row.severity)))
    return {name: [Condition(CLEAN, 0), *sorted(conditions[name])] for name in sorted(conditions)}


class _Thumbnails(GalleryWriter):
    """Collects small images instead of writing files.

    Attributes:
        images: (frame, corruption, severity) -> ``image``, ``target`` and ``predictions`` as in the file.
    """

    def __init__(self, models: list[str]) -> None:
        super().__init__(None, [], models)
        self.images: dict[tuple[str, str, float], dict[str, Any]] = {}

    def save(
        self,
        condition: Condition,
        batch: Batch,
        images: Tensor,
        targets: Mapping[str, Tensor],
        predictions: Mapping[str, Predictions],
    ) -> None:
        """Encode the frames of a batch."""
        if condition.replicate:
            return
        target = next((each for each in targets.values() if each.ndim == 3), None)
        for i, image_id in enumerate(batch.ids):
            pixels = (images[i] * 255).round().byte().permute(1, 2, 0).cpu().numpy()
            maps = {
                model: prediction.label_map[i].cpu().numpy()
                for model, outputs in predictions.items()
                for prediction in outputs.values()
                if prediction.label_map is not None and bool(prediction.valid[i])
            }
            self.images[image_id, condition.corruption, as_severity(condition.severity)] = {
                "image": _webp(pixels),
                "target": None if target is None else _png(target[i].cpu().numpy()),
                "predictions": [_png(maps[name]) if name in maps else None for name in self._models],
            }


def _webp(pixels: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    _small(pixels, Image.Resampling.BOX).save(buffer, "WEBP", quality=QUALITY, method=WEBP_METHOD)
    return buffer.getvalue()


def _png(labels: np.ndarray) -> bytes:
    return encode_label_map(np.asarray(_small(labels, Image.Resampling.NEAREST)))


def _small(pixels: np.ndarray, how: Image.Resampling) -> Image.Image:
    image = Image.fromarray(pixels)
    factor = min(1.0, THUMBNAIL / min(image.size))
    return image.resize((round(image.width * factor), round(image.height * factor)), how) if factor < 1 else image


def lacks_kept_frames(folder: Path, config: Mapping[str, Any]) -> bool:
    """Whether a run should store thumbnails or predictions of the largest drops, but does not."""
    worst = str(config.get("save_predictions", "none")).startswith("worst")
    return (bool(config.get("keep_frames")) and not kept_file(folder).is_file()) or (
        worst and not any((folder / PREDICTIONS).glob(f"{worst_name('*')}.parquet"))
    )
