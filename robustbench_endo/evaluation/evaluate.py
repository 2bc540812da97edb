"""A run from beginning to end: identity, chunks, merged records."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from functools import partial
from pathlib import Path
from typing import Any

import torch

from robustbench_endo.errors import DataError, ModelError
from robustbench_endo.evaluation.chunk import Job, evaluate_frames
from robustbench_endo.evaluation.clock import Clock
from robustbench_endo.evaluation.conditions import Suite, plan
from robustbench_endo.evaluation.forward import ModelCall
from robustbench_endo.evaluation.frames import read_frames
from robustbench_endo.evaluation.gallery_writer import GalleryWriter
from robustbench_endo.evaluation.provenance import data_fingerprint, environment, parameter_count, weights_hash
from robustbench_endo.evaluation.run_folder import RunFolder, in_order
from robustbench_endo.metrics import Metric
from robustbench_endo.results import Results, load_results
from robustbench_endo.results.store import SUMMARY_FILE, write_whole
from robustbench_endo.types import Dataset

PROTOCOL = "standard"
CHUNK = 8
"""Frames a chunk at most: what a killed run loses."""

Progress = Callable[[int, int], None]
"""Called with (frame-conditions done, frame-conditions in all)."""


@dataclass(frozen=True)
class Request:
    """What a run is asked to do.

    Attributes:
        models: name -> network in eval mode; same classes as the dataset.
        corruptions: names in the suite; severities: of 1 to 5.
        out: the run folder.
        limit: evaluate at most this many frames, spread evenly over the dataset.
        workers: threads that decode.
    """

    models: Mapping[str, ModelCall]
    dataset: Dataset
    suite: Suite
    corruptions: Sequence[str]
    severities: Sequence[int]
    out: Path
    seed: int = 0
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    limit: int | None = None
    metrics: tuple[type[Metric], ...] = ()
    workers: int = 2
    gallery: int = 2


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
    info = describe(request, indices)
    folder.open(info)
    job = _job(request, indices)
    clock = Clock()
    chunks = chunked(indices)
    total = len(indices) * len(job.conditions)
    for number, part in enumerate(chunks):
        before = sum(map(len, chunks[:number])) * len(job.conditions)
        if not folder.has_chunk(number):
            _evaluate_chunk(request, job, folder, number, part, clock, partial(_advance, progress, before, total))
        progress(before + len(part) * len(job.conditions), total)
    records, failures = folder.read_chunks(len(chunks))
    if not records.num_rows:
        raise DataError(f"Expected at least one readable frame, found none of {len(indices)}: {failures[0]['reason']}")
    with clock.time("write"):
        records = in_order(records, list(request.models), job.conditions)
        finished = datetime.now(timezone.utc).isoformat(timespec="seconds")
        folder.finish(records, {**info, "finished": finished, "failures": failures, "timings": clock.seconds()})
    results = load_results(request.out)
    table = results.scores().to_csv(index=False, float_format="%.6g")
    write_whole(request.out / SUMMARY_FILE, lambda file: file.write(table.encode()))
    return results


def _advance(progress: Progress, before: int, total: int, done: int) -> None:
    progress(before + done, total)


def chosen(count: int, limit: int | None) -> list[int]:
    """Indices of the frames of a run, spread evenly.

    Raises:
        DataError: no frame, or a limit below 1.
    """
    if count == 0 or (limit is not None and limit < 1):
        found = "an empty dataset" if count == 0 else f"a limit of {limit}"
        raise DataError(f"Expected at least one frame to evaluate, found {found}: check --data, --split and --limit.")
    number = count if limit is None else min(limit, count)
    return [position * count // number for position in range(number)]


def chunked(indices: Sequence[int]) -> list[Sequence[int]]:
    """The frames in chunks, at least eight of them where there are frames enough.

    They depend on the number of frames alone, so results do not depend on who computes them or on an interruption.
    """
    size = min(CHUNK, max(1, len(indices) // 8))
    return [indices[start : start + size] for start in range(0, len(indices), size)]


def describe(request: Request, indices: Sequence[int]) -> dict[str, Any]:
    """The content of run.json; ``identity`` is what must not change when a run is resumed."""
    data, suite = request.dataset, request.suite
    fingerprint = data_fingerprint(data, indices)
    models = [
        {
            "name": name,
            "spec": getattr(model, "spec", name),
            "weights_sha256": weights_hash(model),
            "parameters": parameter_count(model),
        }
        for name, model in request.models.items()
    ]
    described = {entry["name"]: entry for entry in suite.describe()}
    return {
        "name": request.out.name,
        "created": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "finished": None,
        "protocol": PROTOCOL,
        "seed": request.seed,
        "suite": {
            "name": suite.name,
            "hash": suite.fingerprint,
            "resolution": suite.resolution,
            "reference": suite.reference,
        },
        "data": {
            "name": data.name,
            "root": str(getattr(data, "root", "")),
            "split": getattr(data, "split", None),
            "frames": len(indices),
            "fingerprint": fingerprint,
            "classes": list(data.classes),
            "activities": list(data.activities),
            "groups": len({data.groups[i] for i in indices}),
            "notes": list(getattr(data, "notes", ())),
        },
        "models": models,
        "corruptions": [described[name] for name in request.corruptions],
        "severities": sorted(set(request.severities)),
        "metrics": [metric.name for metric in request.metrics],
        "failures": [],
        "notes": [],
        "identity": {
            "protocol": PROTOCOL,
            "suite": suite.fingerprint,
            "resolution": suite.resolution,
            "corruptions": list(request.corruptions),
            "severities": sorted(set(request.severities)),
            "seed": request.seed,
            "data": fingerprint,
            "classes": list(data.classes),
            "models": {entry["name"]: entry["weights_sha256"] for entry in models},
            "metrics": [metric.name for metric in request.metrics],
            "device": request.device.type,
        },
        **environment(request.device),
    }


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
        conditions=plan(request.corruptions, request.severities),
        num_classes=len(request.dataset.classes),
        device=request.device,
        seed=request.seed,
        metrics=request.metrics,
        gallery=gallery,
    )


def _evaluate_chunk(
    request: Request,
    job: Job,
    folder: RunFolder,
    number: int,
    indices: Sequence[int],
    clock: Clock,
    report: Callable[[int], None],
) -> None:
    with clock.time("decode"):
        batches, failures = read_frames(request.dataset, indices, request.suite.resolution, request.workers)
    done = 0

    def advance(frames: int) -> None:
        nonlocal done
        done += frames
        report(done)

    table, unusable = evaluate_frames(job, batches, clock, advance)
    with clock.time("write"):
        folder.write_chunk(number, table, [*failures, *unusable])
