"""A run from beginning to end: identity, chunks, merged records."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import torch

from robustbench_endo.errors import DataError, ModelError
from robustbench_endo.evaluation.chunk import Job, evaluate_frames
from robustbench_endo.evaluation.clock import Clock
from robustbench_endo.evaluation.conditions import plan
from robustbench_endo.evaluation.frames import read_frames
from robustbench_endo.evaluation.gallery_writer import GalleryWriter
from robustbench_endo.evaluation.protocol import protocol_metrics
from robustbench_endo.evaluation.request import Request, chosen, chunked
from robustbench_endo.evaluation.run_folder import RunFolder, in_order
from robustbench_endo.evaluation.run_info import describe, now
from robustbench_endo.evaluation.workers import Workers
from robustbench_endo.evaluation.worst_pictures import keep_worst
from robustbench_endo.results import Results, load_results
from robustbench_endo.results.store import SUMMARY_FILE, write_whole

Progress = Callable[[int, int], None]
"""Called with (frame-conditions done, frame-conditions in all)."""


def run(request: Request, progress: Progress = lambda done, total: None) -> Results:
    """Evaluate, or finish what an interrupted call with the same request began.

    Raises:
        DataError, ModelError, RunError: the request cannot be met; nothing that was finished is lost.
    """
    indices = chosen(len(request.dataset), request.limit)
    check = getattr(request.dataset, "check", None)
    if callable(check):
        check(indices)
    folder = RunFolder(request.out)
    info = folder.open(describe(request, indices))
    job = _job(request, indices)
    clock = Clock()
    chunks = chunked(indices)
    with Workers(job.models, job.device, request.workers) as workers:
        for number, part in enumerate(chunks):
            before = sum(map(len, chunks[:number])) * len(job.conditions)
            report = partial(_advance, progress, before, len(indices) * len(job.conditions))
            if not folder.has_chunk(number):
                _evaluate_chunk(request, job, folder, number, part, workers, clock, report)
            report(len(part) * len(job.conditions))
    records, failures = folder.read_chunks(len(chunks))
    if not records.num_rows:
        raise DataError(f"Expected at least one readable frame, found none of {len(indices)}: {failures[0]['reason']}")
    with clock.time("write"):
        records = in_order(records, list(request.models), job.conditions)
        folder.finish(records, {**info, "finished": now(), "failures": failures, "timings": clock.seconds()})
    results = load_results(request.out)
    keep_worst(request, job, results.frame, indices)
    table = results.scores().to_csv(index=False, float_format="%.6g")
    write_whole(request.out / SUMMARY_FILE, lambda file: file.write(table.encode()))
    return results


def _advance(progress: Progress, before: int, total: int, done: int) -> None:
    progress(before + done, total)


def _job(request: Request, indices: Sequence[int]) -> Job:
    if not request.models:
        raise ModelError("Expected at least one model, found none: name one with --model.")
    # Frames from the middle and the start: the ends of a recording are often the emptiest.
    kept = [request.dataset.ids[indices[len(indices) // 2]], request.dataset.ids[indices[0]]]
    gallery = GalleryWriter(request.out, list(dict.fromkeys(kept))[: request.gallery], list(request.models))
    for model in request.models.values():
        if isinstance(model, torch.nn.Module):
            model.to(request.device).eval()
    return Job(
        models=request.models,
        suite=request.suite,
        conditions=plan(request.corruptions, request.severities, request.real),
        num_classes=len(request.dataset.classes),
        device=request.device,
        seed=request.seed,
        metrics=(*protocol_metrics(request.protocol), *request.metrics),
        gallery=gallery,
    )


def _evaluate_chunk(
    request: Request,
    job: Job,
    folder: RunFolder,
    number: int,
    indices: Sequence[int],
    workers: Workers,
    clock: Clock,
    report: Callable[[int], None],
) -> None:
    with clock.time("decode"):
        batches, failures = read_frames(request.dataset, indices, request.suite.resolution, request.real)
    done = 0

    def advance(frames: int) -> None:
        nonlocal done
        done += frames
        report(done)

    table, unusable = evaluate_frames(job, batches, workers, clock, advance)
    with clock.time("write"):
        folder.write_chunk(number, table, [*failures, *unusable])
