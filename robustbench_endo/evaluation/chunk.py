"""The inner loop: frames of a chunk x all conditions x all models."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as default_field
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import torch
from torch import Tensor

from robustbench_endo.evaluation.clock import Clock
from robustbench_endo.evaluation.conditions import Condition, Suite
from robustbench_endo.evaluation.forward import Answer, ModelCall, ask
from robustbench_endo.evaluation.frames import Failure, FrameBatch
from robustbench_endo.evaluation.gallery_writer import GalleryWriter
from robustbench_endo.evaluation.judging import Columns, judge
from robustbench_endo.evaluation.workers import Workers
from robustbench_endo.metrics import CleanFrames, Metric
from robustbench_endo.results.schema import CLEAN, arrow_schema


@dataclass(frozen=True)
class Job:
    """What is done to every frame of a run.

    Attributes:
        models: name -> network, on ``device``, in eval mode.
        conditions: from :func:`robustbench_endo.evaluation.conditions.plan`.
        metrics: a user's own, beside the standard ones.
    """

    models: Mapping[str, ModelCall]
    suite: Suite
    conditions: Sequence[Condition]
    num_classes: int
    device: torch.device
    seed: int = 0
    metrics: tuple[type[Metric], ...] = ()
    gallery: GalleryWriter = default_field(default_factory=lambda: GalleryWriter(None, (), ()))


class Part(NamedTuple):
    """Records of a batch at one condition, and the answers that could not be scored."""

    rows: list[dict[str, Any]]
    failures: list[Failure]


def evaluate_frames(
    job: Job, batches: Sequence[FrameBatch], workers: Workers, clock: Clock, advance: Callable[[int], None]
) -> tuple[pa.Table, list[Failure]]:
    """Records of the frames at every condition, and the answers that could not be scored.

    Conditions run side by side; the order of the rows does not depend on them.
    """
    parts: list[Part] = []
    for batch in batches:
        images = batch.images.to(job.device)
        clean = CleanFrames(images)
        work = partial(_one_condition, job, batch, images, clean, workers, clock)
        for part in workers.map(work, job.conditions):
            parts.append(part)
            advance(len(batch.ids))
    table = _table([row for part in parts for row in part.rows], job)
    return table, [failure for part in parts for failure in part.failures]


def _one_condition(
    job: Job,
    batch: FrameBatch,
    images: Tensor,
    clean: CleanFrames,
    workers: Workers,
    clock: Clock,
    condition: Condition,
) -> Part:
    if condition.corruption in batch.real and len(places := batch.having(condition.corruption)) < len(batch.ids):
        if not places:
            return Part([], [])
        batch, images = batch.at(places), images[places]
        clean = CleanFrames(images)
    with workers.models() as models:
        with clock.time("corrupt"):
            pictures, masks = corrupted(job, condition, batch, images)
        with clock.time("forward"):
            size = (masks.shape[1], masks.shape[2])
            answers = {name: ask(model, pictures, size) for name, model in models.items()}
    with clock.time("metrics"):
        dose: Columns = {"image_ssim": clean.ssim(pictures).numpy(), "image_psnr": clean.psnr(pictures).numpy()}
        unwarped = None if masks is batch.masks else batch.masks
        judged = {
            name: judge(answer, masks, unwarped, job.num_classes, batch.activities, job.metrics)
            for name, answer in answers.items()
        }
    with clock.time("write"):
        _keep(job.gallery, condition, batch, pictures, masks, answers)
    return Part(
        [_rows(condition, name, batch, columns | dose) for name, columns in judged.items()],
        [failure for name, answer in answers.items() for failure in _unusable(answer, name, condition, batch)],
    )


def corrupted(job: Job, condition: Condition, batch: FrameBatch, images: Tensor) -> tuple[Tensor, Tensor]:
    """Pictures at a condition, on the device, in 8-bit levels as a camera delivers them; and the masks that fit."""
    if condition.corruption == CLEAN:
        return images, batch.masks
    if condition.corruption in batch.real:
        return batch.pictures(condition.corruption).to(images.device), batch.masks
    damage = job.suite.corrupt(images, condition.corruption, condition.severity, batch.ids, job.seed)
    pictures = (damage.images * 255).round() / 255
    return pictures, damage.warp(batch.masks)


def _keep(
    gallery: GalleryWriter,
    condition: Condition,
    batch: FrameBatch,
    pictures: Tensor,
    masks: Tensor,
    answers: Mapping[str, Answer],
) -> None:
    for i, image_id in enumerate(batch.ids):
        if gallery.wants(image_id):
            gallery.picture(image_id, *condition, pictures[i], masks[i])
            for name, answer in answers.items():
                if answer.labels is not None:
                    gallery.prediction(image_id, *condition, name, answer.labels[i])


def _unusable(answer: Answer, model: str, condition: Condition, batch: FrameBatch) -> list[Failure]:
    where = condition.corruption if condition.corruption == CLEAN else f"{condition.corruption} {condition.severity}"
    reason = f"model {model} gave NaN or infinite logits at {where}: left out of every score"
    return [Failure(name, reason) for name, finite in zip(batch.ids, answer.finite.tolist(), strict=True) if not finite]


def _rows(condition: Condition, model: str, batch: FrameBatch, columns: Columns) -> dict[str, Any]:
    count = len(batch.ids)
    return {
        "model": [model] * count,
        "corruption": [condition.corruption] * count,
        "severity": [condition.severity] * count,
        "image_id": batch.ids,
        "group": batch.groups,
        "activity_target": batch.activities.numpy(),
        **columns,
    }


def _table(rows: Sequence[Mapping[str, Any]], job: Job) -> pa.Table:
    schema = arrow_schema(job.num_classes, [metric.name for metric in job.metrics])
    columns = []
    for field in schema:
        values: Any = np.concatenate([np.asarray(row[field.name]) for row in rows]) if rows else []
        # NaN stays NaN: a null would be a third way to say "not defined".
        columns.append(pa.array(values, type=field.type, from_pandas=False))
    return pa.table(columns, schema=schema)
