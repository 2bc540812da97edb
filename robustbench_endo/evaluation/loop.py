"""One batch at one condition: corrupted once, shown to every model, scored."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import torch
from torch import Tensor

from robustbench_endo.errors import RunError
from robustbench_endo.evaluation.batch import DeviceBatch, Failure, FrameBatch, on_device
from robustbench_endo.evaluation.conditions import Condition
from robustbench_endo.evaluation.config import BatchSize, Job
from robustbench_endo.evaluation.predict import Answer, ask
from robustbench_endo.evaluation.profiler import Clock
from robustbench_endo.evaluation.score import Columns, judge
from robustbench_endo.evaluation.workers import Workers
from robustbench_endo.results.schema import CLEAN, arrow_schema


class Part(NamedTuple):
    """Records of a batch at one condition, and the answers that could not be scored."""

    rows: list[dict[str, Any]]
    failures: list[Failure]

    def __add__(self, other: object) -> Part:
        if not isinstance(other, Part):
            return NotImplemented
        return Part(self.rows + other.rows, self.failures + other.failures)


def records_at(job: Job, batch: DeviceBatch, workers: Workers, clock: Clock, condition: Condition) -> Part:
    """Records of the frames that have this condition.

    Raises:
        ModelError: a model's answer is not what the contract says.
    """
    name = condition.corruption
    if name in batch.frames.recorded and len(places := batch.frames.having(name)) < len(batch):
        if not places:
            return Part([], [])
        batch = batch.at(places)
    shown = show(job, batch, workers, clock, condition)
    pictures, masks = shown.pictures, shown.masks
    with clock.time("metrics"), workers.stages.score.turn(after=shown.mark):
        answers = {model: answer.fetched() for model, answer in shown.answers.items()}
        distortion: Columns = {
            "image_ssim": batch.clean.ssim(pictures).numpy(),
            "image_psnr": batch.clean.psnr(pictures).numpy(),
        }
        unwarped = None if masks is batch.masks else batch.masks
        judged = {
            model: judge(answer, masks, unwarped, job.num_classes, batch.frames.activities, job.metrics)
            for model, answer in answers.items()
        }
    with clock.time("write"):
        keep(job, condition, batch, pictures, masks, answers)
    return Part(
        [_rows(condition, model, batch, columns | distortion) for model, columns in judged.items()],
        [failure for model, answer in answers.items() for failure in _unusable(answer, model, condition, batch)],
    )


class Shown(NamedTuple):
    """What the models were shown and what they said; ``mark`` is behind all of it where there are streams."""

    pictures: Tensor
    masks: Tensor
    answers: dict[str, Answer]
    mark: torch.cuda.Event | None


def show(job: Job, batch: DeviceBatch, workers: Workers, clock: Clock, condition: Condition) -> Shown:
    """Corrupt a batch, whose frames all have the condition, and ask every model."""
    corrupt, forward, _ = workers.stages
    with clock.time("corrupt"), corrupt.turn():
        pictures, masks = corrupted(job, condition, batch)
        ready = corrupt.reached()
    with clock.time("forward"), forward.turn(after=ready), workers.models() as models:
        size = (masks.shape[1], masks.shape[2])
        answers = {model: ask(call, pictures, size, job.precision) for model, call in models.items()}
        return Shown(pictures, masks, answers, forward.reached())


def corrupted(job: Job, condition: Condition, batch: DeviceBatch) -> tuple[Tensor, Tensor]:
    """Pictures at a condition, in 8-bit levels as a camera delivers them, and the masks that fit; on the device."""
    if condition.corruption == CLEAN:
        return batch.images, batch.masks
    if condition.corruption in batch.frames.recorded:
        return batch.frames.pictures(condition.corruption).to(batch.images.device), batch.masks
    damage = job.suite.corrupt(batch.images, condition.corruption, condition.severity, batch.frames.ids, job.seed)
    pictures = (damage.images * 255).round_().div_(255)
    return pictures, damage.warp(batch.masks)


def keep(
    job: Job,
    condition: Condition,
    batch: DeviceBatch,
    pictures: Tensor,
    masks: Tensor,
    answers: Mapping[str, Answer],
) -> None:
    """Keep the frames of the batch that the gallery wants, with what the models made of them."""
    for i, image_id in enumerate(batch.frames.ids):
        if job.gallery.wants(image_id):
            job.gallery.picture(image_id, *condition, pictures[i], masks[i])
            for model, answer in answers.items():
                if answer.labels is not None:
                    job.gallery.prediction(image_id, *condition, model, answer.labels[i])


def _unusable(answer: Answer, model: str, condition: Condition, batch: DeviceBatch) -> list[Failure]:
    where = condition.corruption if condition.corruption == CLEAN else f"{condition.corruption} {condition.severity}"
    reason = f"model {model} gave NaN or infinite logits at {where}: left out of every score"
    finite = zip(batch.frames.ids, answer.finite.tolist(), strict=True)
    return [Failure(image_id, reason) for image_id, usable in finite if not usable]


def _rows(condition: Condition, model: str, batch: DeviceBatch, columns: Columns) -> dict[str, Any]:
    count = len(batch)
    return {
        "model": [model] * count,
        "corruption": [condition.corruption] * count,
        "severity": [condition.severity] * count,
        "image_id": batch.frames.ids,
        "subject_id": batch.frames.subjects,
        "activity_target": batch.frames.activities.numpy(),
        **columns,
    }


def in_memory(work: Callable[[DeviceBatch], Part], batch: DeviceBatch, told: Callable[[int], None]) -> Part:
    """``work`` on a batch, in halves where the memory does not hold it.

    Args:
        told: called with the size that may fit, each time one did not.

    Raises:
        RunError: the memory does not even hold one frame.
    """
    failed = _tried(work, batch)
    if isinstance(failed, Part):
        return failed
    if len(batch) == 1:
        raise RunError(
            f"Expected memory for one frame of {tuple(batch.images.shape[2:])} px and all models, got too little "
            f"({failed}): take a smaller --resolution, fewer models at a time, or --device cpu."
        )
    if batch.images.device.type == "cuda":
        torch.cuda.empty_cache()
    middle = len(batch) // 2
    told(middle)
    first, second = batch.at(range(middle)), batch.at(range(middle, len(batch)))
    return in_memory(work, first, told) + in_memory(work, second, told)


def _tried(work: Callable[[DeviceBatch], Part], batch: DeviceBatch) -> Part | str:
    """The records, or what the device said; the error and all that it holds are gone by then."""
    try:
        return work(batch)
    except RuntimeError as error:
        if not is_out_of_memory(error):
            raise
        return str(error).partition("\n")[0]


def is_out_of_memory(error: RuntimeError) -> bool:
    """Whether a device or the host could not give the memory that was asked for."""
    return isinstance(error, torch.OutOfMemoryError) or "DefaultCPUAllocator" in str(error)


def evaluate_frames(
    job: Job,
    chunk: Sequence[FrameBatch],
    workers: Workers,
    clock: Clock,
    advance: Callable[[int], None],
    size: BatchSize | None = None,
) -> tuple[pa.Table, list[Failure]]:
    """Records of the frames at every condition, and the answers that could not be scored.

    Conditions run side by side; the order of the rows does not depend on them.

    Args:
        chunk: frames of one size each.
        advance: called with frames x conditions done since it was called before.
        size: frames at a time, lowered here where the memory asks for it.

    Raises:
        ModelError, RunError: a model breaks its contract; a frame does not fit the memory.
    """
    size = size or BatchSize(job.batch, job.pixels)
    parts: list[Part] = []
    for frames in chunk:
        for places in size.cut(len(frames.ids), frames.masks[0].numel()):
            batch = on_device(frames if len(places) == len(frames.ids) else frames.at(places), job.device)
            for part in workers.map(partial(_at, job, batch, workers, clock, size), job.conditions):
                parts.append(part)
                advance(len(places))
    table = _table([row for part in parts for row in part.rows], job)
    return table, [failure for part in parts for failure in part.failures]


def _at(job: Job, batch: DeviceBatch, workers: Workers, clock: Clock, size: BatchSize, condition: Condition) -> Part:
    return in_memory(lambda part: records_at(job, part, workers, clock, condition), batch, size.lower)


def _table(rows: Sequence[Mapping[str, Any]], job: Job) -> pa.Table:
    schema = arrow_schema(job.num_classes, [metric.name for metric in job.metrics])
    columns = []
    for field in schema:
        values: Any = np.concatenate([np.asarray(row[field.name]) for row in rows]) if rows else []
        # NaN stays NaN: a null would be a third way to say "not defined".
        columns.append(pa.array(values, type=field.type, from_pandas=False))
    return pa.table(columns, schema=schema)
