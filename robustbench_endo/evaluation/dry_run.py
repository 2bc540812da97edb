"""What a run would do, and an estimate of its time, memory and disk from a probe of two frames."""

from __future__ import annotations

import io
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import torch

from robustbench_endo.errors import RobustEndoError
from robustbench_endo.evaluation.adaptation.episode import Episode
from robustbench_endo.evaluation.batch import Batch
from robustbench_endo.evaluation.conditions import Condition
from robustbench_endo.evaluation.device import deterministic, device_errors, finish
from robustbench_endo.evaluation.gallery import GalleryWriter
from robustbench_endo.evaluation.loop import evaluate_condition, read_frames
from robustbench_endo.evaluation.plan import EvaluationPlan
from robustbench_endo.evaluation.profiler import Profiler
from robustbench_endo.evaluation.provenance import describe_run
from robustbench_endo.evaluation.records import Records
from robustbench_endo.evaluation.run_folder import RunFolder
from robustbench_endo.evaluation.shard import parse_shard
from robustbench_endo.evaluation.workers import AdaptiveBatchSize, Workers
from robustbench_endo.io_utils import check_resumable
from robustbench_endo.predictions.files import prediction_writer
from robustbench_endo.results.integrity import RUN_FILE, read_run
from robustbench_endo.results.kept_frames import KINDS

PROBE_FRAMES = 2
PROBE_SECONDS = 8.0
"""Time for the conditions of the probe; slow models are probed at fewer conditions."""
FINISH_SECONDS = 6.0
"""Tables, statistics and reports after the last frame, measured on two cores; they depend little on the run."""
REPORT_BYTES = 1_500_000
"""A report without its images."""
THUMBNAIL_BYTES, MAP_BYTES = 4_500, 800
"""A thumbnail with its target, and a label map of its size, measured."""
REPORT_MEMORY = 400 * 2**20
"""Resident memory of the tables, statistics and reports, measured after the last frame."""


@dataclass(frozen=True)
class DryRun:
    """A run that was not started.

    Attributes:
        models: name -> number of parameters; None for a model that does not state them.
        frames: number of frames.
        corruptions: names of the corruptions.
        severities: at which each is computed.
        conditions: number of conditions, clean and recorded ones included.
        model_frames: frames x conditions x models that remain to be computed.
        folder: of the run.
        chunks: number of chunks of the run or its shard.
        finished_chunks: those of them that are in the folder.
        precision, device, workers: of the run.
        seconds: estimate of the time, without the loading of models and data.
        memory_bytes: estimate of the largest resident memory of the process; None where it is not known.
        device_bytes: the same of the memory of the GPU; None on the CPU.
        disk_bytes: estimate of the size of the run folder.
        probe_seconds: that the probe took.
    """

    models: dict[str, int | None]
    frames: int
    corruptions: tuple[str, ...]
    severities: tuple[float, ...]
    conditions: int
    model_frames: int
    folder: str
    chunks: int
    finished_chunks: int
    precision: str
    device: str
    workers: int
    seconds: float
    memory_bytes: int | None
    device_bytes: int | None
    disk_bytes: int
    probe_seconds: float


@dataclass(frozen=True)
class _Probe:
    """Measurements: seconds of threads, on as many threads as worked at a time, and bytes."""

    step_seconds: float
    gallery_seconds: float
    once_seconds: float
    decode_seconds: float
    threads: float
    workers: int
    row_bytes: float
    gallery_bytes: float
    prediction_bytes: float
    memory_bytes: int | None
    device_bytes: int | None


def dry_run(plan: EvaluationPlan, out: Path) -> DryRun:
    """Describe a run and estimate what it needs.

    Args:
        plan: of the run, in a temporary folder.
        out: folder of the run, to which nothing is written.

    Raises:
        RobustEndoError: settings that need a run before it can be planned, or frames that cannot be read.
        RunError: a folder with another run.
    """
    if plan.config.target_distortion is not None:
        raise RobustEndoError(
            "Expected fixed severities for --dry-run, got --target-distortion: leave one of them out, because these "
            "severities are known only when the frames were corrupted."
        )
    chunks: Sequence[int] = range(len(plan.chunks))
    if plan.config.shard is not None:
        chunks = parse_shard(plan.config.shard).share(len(plan.chunks))
    finished = _finished_chunks(plan, out, chunks)
    missing = [chunk for chunk in chunks if chunk not in finished]
    steps = sum(map(plan.steps, missing))
    begin = time.monotonic()
    probe = _probe(plan)
    frames = len(plan.indices)
    gallery = len(plan.gallery.ids) * len(plan.conditions)
    work = steps * probe.step_seconds + sum(len(plan.chunks[chunk]) for chunk in missing) * probe.decode_seconds
    work += gallery * probe.gallery_seconds if missing else 0.0
    again = _evaluated_again(plan)
    work += again * probe.step_seconds if missing else 0.0
    seconds = FINISH_SECONDS + (probe.once_seconds if missing else 0.0) + work / probe.threads
    rows = frames * len(plan.conditions) * len(plan.models)
    return DryRun(
        models={name: _parameters(model) for name, model in plan.models.items()},
        frames=frames,
        corruptions=tuple(plan.corruptions),
        severities=tuple(plan.config.run_severities),
        conditions=len(plan.conditions),
        model_frames=steps * len(plan.models),
        folder=str(out),
        chunks=len(chunks),
        finished_chunks=len(finished),
        precision=plan.precision,
        device=str(plan.device),
        workers=probe.workers,
        seconds=seconds,
        memory_bytes=None if probe.memory_bytes is None else probe.memory_bytes + REPORT_MEMORY,
        device_bytes=probe.device_bytes,
        disk_bytes=round(
            rows * probe.row_bytes
            + 2 * gallery * probe.gallery_bytes
            + _stored_predictions(plan, rows) * probe.prediction_bytes
            + _thumbnails(plan) * (THUMBNAIL_BYTES + MAP_BYTES * len(plan.models))
        )
        + REPORT_BYTES,
        probe_seconds=time.monotonic() - begin,
    )


def _thumbnails(plan: EvaluationPlan) -> int:
    """Frames at conditions of which thumbnails are stored."""
    draws = sum(not condition.replicate for condition in plan.conditions)
    return draws * min(len(KINDS) * plan.config.keep_frames, len(plan.indices))


def _largest_drops(plan: EvaluationPlan) -> int:
    """Frames at conditions whose predictions are stored as largest drops, at most; each also clean."""
    if not plan.config.save_predictions.startswith("worst"):
        return 0
    count = min(max(1, plan.config.keep_frames), len(plan.indices))
    return 2 * count * len(plan.models) * (len(plan.corruptions) + len(plan.recorded))


def _evaluated_again(plan: EvaluationPlan) -> int:
    """Frames at conditions that are computed again after the last chunk."""
    return _thumbnails(plan) + _largest_drops(plan)


def _stored_predictions(plan: EvaluationPlan, rows: int) -> int:
    """Predictions that the run stores."""
    return rows if plan.predictions.active else _largest_drops(plan) * len(plan.models)


def _parameters(model: object) -> int | None:
    return sum(p.numel() for p in model.parameters()) if isinstance(model, torch.nn.Module) else None


def _finished_chunks(plan: EvaluationPlan, out: Path, chunks: Sequence[int]) -> set[int]:
    """The chunks that a run in the folder has finished.

    Raises:
        RunError: the folder holds another run.
    """
    if not (out / RUN_FILE).is_file():
        return set()
    identity = describe_run(plan)["identity"]
    check_resumable(read_run(out).get("identity", {}), json.loads(json.dumps(identity)), out)
    folder = RunFolder(out, plan.config.save_predictions)
    folder.join(identity)
    return {chunk for chunk in chunks if folder.has_chunk(chunk)}


def _probe(plan: EvaluationPlan) -> _Probe:
    """Compute two frames at some conditions twice: what only the first time costs is paid once in a run."""
    start = time.monotonic()
    batches, failures = read_frames(plan, plan.indices[:PROBE_FRAMES])
    decode = (time.monotonic() - start) / PROBE_FRAMES
    if not batches:
        raise RobustEndoError(
            f"Expected a frame that can be read for the probe of --dry-run, got {failures[0].id}: {failures[0].reason}"
        )
    batch, before = batches[0].to(plan.device), _memory()
    with (
        tempfile.TemporaryDirectory() as folder,
        device_errors(plan.device),
        deterministic(),
        Workers(plan.models, plan.device, plan.config.workers) as workers,
    ):
        gallery = GalleryWriter(Path(folder), batch.ids[:1], list(plan.models))
        gallery.write_index()
        store = replace(plan.predictions, active=plan.config.save_predictions != "none")
        run = partial(_run, replace(plan, gallery=gallery, predictions=store), workers, batch)
        run(plan.conditions[:1])
        clean, _, _ = run(plan.conditions[:1])
        count = max(2 * len(workers), int(PROBE_SECONDS / 2 / max(clean, 1e-3) * len(workers)))
        conditions = _representative(plan.conditions, count)
        first, _, _ = run(conditions)
        seconds, profiler, records = run(conditions)
        images = sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file())
        number = len(workers)
        rows = sum(table.num_rows for table in records.predictions)
    spent = profiler.phases()
    writing = spent.get("write", 0.0)
    computing = sum(spent.get(phase, 0.0) for phase in ("corrupt", "forward", "metrics"))
    ratio = max(len(chunk) for chunk in plan.chunks) / len(batch)
    return _Probe(
        step_seconds=computing / len(conditions) / len(batch),
        gallery_seconds=writing / len(conditions),
        once_seconds=max(0.0, first - seconds) * len(plan.conditions) / len(conditions),
        decode_seconds=decode,
        threads=max(1.0, (computing + writing) / seconds),
        workers=number,
        row_bytes=_row_bytes(records.to_table(plan.schema)),
        gallery_bytes=images / len(conditions),
        prediction_bytes=_file_bytes(records.predictions, plan.predictions.schema) / max(1, rows),
        memory_bytes=_with_larger_batches(before, _memory(peak=True), ratio),
        device_bytes=_device_memory(plan.device, ratio),
    )


def _run(
    plan: EvaluationPlan, workers: Workers, batch: Batch, conditions: Sequence[Condition]
) -> tuple[float, Profiler, Records]:
    """Seconds, profile and records of a batch at some conditions."""
    profiler, records, begin = Profiler(), Records(), time.monotonic()
    compute = partial(evaluate_condition, plan, workers, profiler, Episode(plan.adaptation))
    for part in workers.map(compute, batch, list(conditions), AdaptiveBatchSize(plan.batch_size, plan.max_pixels)):
        records.extend(part)
        records.predictions += part.predictions
    finish(plan.device)
    return time.monotonic() - begin, profiler, records


def _representative(conditions: Sequence[Condition], count: int) -> list[Condition]:
    """At most so many conditions: each corruption at one of its severities, in turn, else every few corruptions.

    >>> _representative([Condition("a", 1), Condition("a", 2), Condition("b", 1), Condition("b", 2)], 9)
    [Condition(corruption='a', severity=1, replicate=0), Condition(corruption='b', severity=2, replicate=0)]
    """
    by_name: dict[str, list[Condition]] = {}
    for condition in conditions:
        by_name.setdefault(condition.corruption, []).append(condition)
    selected = [several[i % len(several)] for i, several in enumerate(by_name.values())]
    number = min(count, len(selected))
    return [selected[i * len(selected) // number] for i in range(number)]


def _row_bytes(table: pa.Table) -> float:
    """Bytes of a row in a file of many."""

    def size(part: pa.Table) -> int:
        buffer = io.BytesIO()
        pq.write_table(part, buffer, compression="zstd")
        return len(buffer.getvalue())

    growth = max(0, size(table) - size(table.slice(0, 0)))
    return growth / max(1, int(table.num_rows))


def _file_bytes(tables: Sequence[pa.Table], schema: pa.Schema) -> int:
    """Bytes of a file of predictions."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "predictions.parquet"
        with prediction_writer(path, schema, "", 0) as writer:
            writer.write(tables)
        return path.stat().st_size


def _memory(peak: bool = False) -> int | None:
    """Resident memory of the process in bytes, or its peak; None where the system does not tell."""
    with suppress(OSError, ImportError, ValueError):
        import resource

        if peak:
            unit = 1 if sys.platform == "darwin" else 1024
            return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
        return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * resource.getpagesize()
    return None


def _with_larger_batches(before: int | None, peak: int | None, ratio: float) -> int | None:
    """The peak with batches that are larger than those of the probe."""
    return peak if before is None or peak is None else peak + round(max(0, peak - before) * max(0.0, ratio - 1))


def _device_memory(device: torch.device, ratio: float) -> int | None:
    if device.type != "cuda":
        return None
    models = torch.cuda.memory_allocated(device)
    return _with_larger_batches(models, torch.cuda.max_memory_allocated(device), ratio)
