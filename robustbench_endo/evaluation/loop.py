"""The evaluation loop: read -> corrupt -> predict -> score -> record."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Protocol

from robustbench_endo.confidence.prediction_sets import set_scores
from robustbench_endo.corruptions.kernels.backend import without_autocast
from robustbench_endo.evaluation.adaptation.episode import Episode
from robustbench_endo.evaluation.batch import Batch, Failure, read_batches
from robustbench_endo.evaluation.conditions import Condition
from robustbench_endo.evaluation.corrupt_batch import CorruptedFrames, byte_levels, corrupt_batch
from robustbench_endo.evaluation.data_fingerprint import check_unchanged
from robustbench_endo.evaluation.device import deterministic, device_errors, use_device
from robustbench_endo.evaluation.host_copy import HostCopy
from robustbench_endo.evaluation.plan import EvaluationPlan
from robustbench_endo.evaluation.predict import Predictions, predict
from robustbench_endo.evaluation.profiler import Profiler
from robustbench_endo.evaluation.records import VALID, PendingRecords, Records
from robustbench_endo.evaluation.stored_predictions import Write, chunk_writer
from robustbench_endo.evaluation.warm_up import warm_up
from robustbench_endo.evaluation.workers import AdaptiveBatchSize, Workers
from robustbench_endo.results.schema import CONTENT_SHARE
from robustbench_endo.tasks.base import Scores


class Advance(Protocol):
    """Called with the frames x conditions that were done since the last call, and the condition if there is one."""

    def __call__(self, steps: int, condition: str = "") -> None: ...


def evaluate_chunks(plan: EvaluationPlan, chunks: Sequence[int], profiler: Profiler, advance: Advance) -> None:
    """The local engine: compute chunks of frames in this process; the next chunk is decoded meanwhile.

    Raises:
        RunError: the device was lost or does not hold one frame; finished chunks are kept.
        ModelError: a model breaks its contract.
    """
    batch_size = AdaptiveBatchSize(plan.batch_size, plan.max_pixels, fixed=plan.adaptation is not None)
    with (
        device_errors(plan.device),
        deterministic(),
        Workers(plan.models, plan.device, plan.config.workers) as workers,
        ThreadPoolExecutor(1, initializer=use_device, initargs=(plan.device,)) as reader,
    ):
        profiler.lanes = len(workers)
        pending = [reader.submit(read_chunk, plan, chunk, profiler) for chunk in chunks[:1]]
        warm_up(plan, chunks, score_batch)
        for position, chunk in enumerate(chunks):
            batches, failures = pending.pop().result()
            pending = [
                reader.submit(read_chunk, plan, later, profiler) for later in chunks[position + 1 : position + 2]
            ]
            with chunk_writer(plan, chunk) as write:
                records = evaluate_chunk(plan, batches, workers, profiler, batch_size, advance, write)
            with profiler.time("write"):
                plan.folder.write_chunk(chunk, records.to_table(plan.schema), [*failures, *records.failures])


def evaluate_chunk(
    plan: EvaluationPlan,
    batches: Sequence[Batch],
    workers: Workers,
    profiler: Profiler,
    batch_size: AdaptiveBatchSize,
    advance: Advance,
    write: Write = lambda predictions: None,
) -> Records:
    """All conditions of a chunk of frames; the order of the records does not depend on the workers."""
    records, episode = Records(), Episode(plan.adaptation)
    for frames in batches:
        for indices in batch_size.split(len(frames), frames.pixels):
            batch = (frames if len(indices) == len(frames) else frames.select(indices)).to(plan.device)
            condition_records = partial(evaluate_condition, plan, workers, profiler, episode)
            parts = workers.map(condition_records, batch, plan.conditions, batch_size)
            for condition, part in zip(plan.conditions, parts, strict=True):
                records.extend(part)
                write(part.predictions)
                advance(len(indices), str(condition))
    return records


def evaluate_condition(
    plan: EvaluationPlan,
    workers: Workers,
    profiler: Profiler,
    episode: Episode,
    batch: Batch,
    condition: Condition,
    only: Collection[str] | None = None,
) -> Records:
    """Corrupt a batch once, show it to every model (or those named by ``only``), score every task."""
    if condition.corruption in batch.recorded:
        batch = batch.with_recorded(condition.corruption)
        if not len(batch):
            return Records()
    with profiler.time("corrupt"), workers.streams.corrupt.acquire():
        frames = corrupt_batch(plan, batch, condition)
        corrupted = workers.streams.corrupt.record()
    predictions: dict[str, Predictions] = {}
    with profiler.time("forward"), workers.streams.forward.acquire(after=corrupted), workers.models() as models:
        for name, model in models.items():
            if only is not None and name not in only:
                continue
            adapted = episode.adapt(model, (name, condition), batch.ids)
            predictions[name] = predict(adapted, frames.images, plan.tasks, plan.precision, plan.temperatures(name))
        predicted = workers.streams.forward.record()
    with profiler.time("metrics"):
        with workers.streams.score.acquire(after=predicted):
            pending = score_batch(plan, batch, condition, frames, predictions)
        records = pending.wait()  # after the stage: the next condition is scored meanwhile
    with profiler.time("write"):
        plan.gallery.save(condition, batch, frames.images, frames.targets, predictions)
        records.predictions = plan.predictions.encode(condition, batch, predictions)
    return records


def score_batch(
    plan: EvaluationPlan,
    batch: Batch,
    condition: Condition,
    frames: CorruptedFrames,
    predictions: Mapping[str, Predictions],
) -> PendingRecords:
    """One record per frame and model: the distortion of the image and the scores of every task."""
    assert batch.clean is not None
    with without_autocast(plan.device):
        levels = HostCopy(byte_levels(frames.images))
        ssim, psnr = batch.clean.compare(frames.images)
        tables: dict[str, Scores] = {}
        surround = batch.surround(scored=plan.config.region == "frame")
        for model, outputs in predictions.items():
            columns: Scores = {CONTENT_SHARE: batch.content_share, "image_ssim": ssim, "image_psnr": psnr}
            for task in plan.tasks:
                name = task.name
                targets, labels = (frames.targets[name], batch.targets[name]), len(plan.labels[name])
                columns |= task.score(
                    outputs.get(name), *targets, labels, plan.frame_metrics[name], batch.scale, surround, frames.hidden
                )
            if plan.calibrations:
                columns |= set_scores(plan.tasks, outputs, frames.targets, plan.calibrations.get(model), surround)
            tables[model] = columns | {VALID: next(iter(outputs.values())).valid}
        return PendingRecords(batch, condition, levels, tables)


def read_chunk(plan: EvaluationPlan, chunk: int, profiler: Profiler) -> tuple[list[Batch], list[Failure]]:
    """Decode the frames of a chunk."""
    with profiler.time("decode"):
        return read_frames(plan, plan.chunks[chunk])


def read_frames(plan: EvaluationPlan, indices: Sequence[int]) -> tuple[list[Batch], list[Failure]]:
    """Decode frames; what cannot be read is read twice, because a disk may be away for a moment.

    Raises:
        RunError: a frame that was there when the run began is not any more, or was changed.
        RobustEndoError: a target that the tasks cannot score.
    """
    for last in (False, True):
        batches, failures = read_batches(plan.dataset, indices, plan.suite.resolution, plan.tasks, plan.recorded)
        failed = {failure.id for failure in failures}
        check_unchanged(plan.dataset, [i for i in indices if plan.dataset.ids[i] in failed], plan.fingerprint)
        if last or not failed:
            break
    for batch in batches:
        for task in plan.tasks:
            task.check_targets(batch.targets[task.name], len(plan.labels[task.name]))
    return batches, failures
