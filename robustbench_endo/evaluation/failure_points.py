"""Search of failure points: each frame is evaluated again at severities between those of the run.

Chunk by chunk, and for each corruption by bisection: in a pass every frame is evaluated at its own severity, frames of
one severity together, and only by the models whose bracket is still open. A finished chunk is stored, so that an
interrupted search continues there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from robustbench_endo.evaluation.adaptation.episode import Episode
from robustbench_endo.evaluation.batch import Batch, Failure
from robustbench_endo.evaluation.chunk_integrity import chunk_problem, chunk_stamp
from robustbench_endo.evaluation.conditions import Condition
from robustbench_endo.evaluation.device import deterministic, device_errors, use_device
from robustbench_endo.evaluation.gallery import GalleryWriter
from robustbench_endo.evaluation.loop import evaluate_condition, read_chunk
from robustbench_endo.evaluation.plan import EvaluationPlan
from robustbench_endo.evaluation.profiler import Profiler
from robustbench_endo.evaluation.workers import AdaptiveBatchSize, Workers
from robustbench_endo.io_utils import write_atomically
from robustbench_endo.metrics.base import Metric
from robustbench_endo.results.csv_text import csv_text
from robustbench_endo.results.failure_points import (
    SCHEMA,
    Bracket,
    FailureThreshold,
    Passes,
    failure_metric,
    known_passes,
    parse_failure_point,
    read_failure_points,
)
from robustbench_endo.results.integrity import (
    FAILURE_POINTS_CSV,
    FAILURE_POINTS_FILE,
    RECORDS,
    content_sha256,
)
from robustbench_endo.results.io import write_table
from robustbench_endo.results.results import Results

MAX_PASSES = 5
"""Evaluations of a frame under a corruption at most: a run with one severity needs them all."""

Row = dict[str, Any]


@dataclass(frozen=True)
class _Search:
    """What every bisection needs."""

    plan: EvaluationPlan
    workers: Workers
    profiler: Profiler
    threshold: FailureThreshold
    metric: Metric
    known: Passes

    def bisect(self, batch: Batch, corruption: str) -> list[Row]:
        """The failure points of the frames of a batch under a corruption, one row per model and frame."""
        brackets = {
            (model, image_id): Bracket.of(self.known[model, corruption, image_id])
            for model in self.plan.models
            for image_id in batch.ids
            if (model, corruption, image_id) in self.known
        }
        for _ in range(MAX_PASSES):
            pending = _by_severity(brackets)
            for severity, keys in pending.items():
                self._evaluate(batch, Condition(corruption, severity), keys, brackets)
            if not pending:
                break
        subjects = dict(zip(batch.ids, batch.subjects, strict=True))
        return [
            {
                "model": model,
                "corruption": corruption,
                "image_id": image_id,
                "subject_id": subjects[image_id],
                "metric": self.threshold.metric,
                "threshold": self.threshold.value,
                **bracket.describe(),
            }
            for (model, image_id), bracket in brackets.items()
        ]

    def _evaluate(
        self,
        batch: Batch,
        condition: Condition,
        keys: Sequence[tuple[str, str]],
        brackets: Mapping[tuple[str, str], Bracket],
    ) -> None:
        """Evaluate frames at one severity, and move the brackets of the models that need it."""
        frames = {image_id for _, image_id in keys}
        positions = [i for i, image_id in enumerate(batch.ids) if image_id in frames]
        selected = batch if len(positions) == len(batch) else batch.select(positions)
        models = {model for model, _ in keys}
        records = evaluate_condition(self.plan, self.workers, self.profiler, Episode(None), selected, condition, models)
        for part in records.parts:
            table = pd.DataFrame({name: _as_stored(np.asarray(values)) for name, values in part.items()})
            passed = self.threshold.passes(self.metric, table)
            rows = zip(table["model"], table["image_id"], passed, strict=True)
            for model, image_id, passes in rows:
                if (str(model), str(image_id)) in keys:
                    brackets[str(model), str(image_id)].update(condition.severity, bool(passes))


def store_failure_points(plan: EvaluationPlan, results: Results, profiler: Profiler) -> pd.DataFrame | None:
    """Search the failure points that the configuration requests, and store them in the run folder.

    A table of an earlier run with the same records stays where no failure point is requested, unless it is damaged.

    Returns:
        The table; None without one.

    Raises:
        RobustEndoError: a metric that the run or a single frame does not have.
    """
    file = plan.config.out / FAILURE_POINTS_FILE
    if plan.config.failure_point is None:
        names = (FAILURE_POINTS_FILE, FAILURE_POINTS_CSV)
        if any(map(plan.folder.is_damaged, names)):
            for name in names:
                (plan.config.out / name).unlink(missing_ok=True)
        return read_failure_points(file)
    threshold = parse_failure_point(plan.config.failure_point)
    run = content_sha256([plan.folder.run, str(threshold)])
    if chunk_problem(file, run, len(plan.chunks)):
        parts = [plan.config.out / RECORDS / f"failure-points-{chunk:05d}.parquet" for chunk in range(len(plan.chunks))]
        _search_chunks(plan, results, profiler, threshold, run, parts)
        table = pa.concat_tables(
            [pq.read_table(part, use_threads=False).replace_schema_metadata(None) for part in parts]
        )
        _write(file, _in_order(table, plan), run, len(plan.chunks))
        for part in parts:
            part.unlink()
    points = read_failure_points(file)
    assert points is not None
    write_atomically(plan.config.out / FAILURE_POINTS_CSV, csv_text(points, "%.6g").encode())
    return points


def _search_chunks(
    plan: EvaluationPlan,
    results: Results,
    profiler: Profiler,
    threshold: FailureThreshold,
    run: str,
    parts: Sequence[Path],
) -> None:
    missing = [chunk for chunk, part in enumerate(parts) if chunk_problem(part, run, chunk)]
    plan = replace(plan, gallery=GalleryWriter(plan.config.out, [], list(plan.models)), recorded=())
    batch_size = AdaptiveBatchSize(plan.config.batch_size, plan.max_pixels)
    with (
        device_errors(plan.device),
        deterministic(),
        Workers(plan.models, plan.device, plan.config.workers) as workers,
        ThreadPoolExecutor(1, initializer=use_device, initargs=(plan.device,)) as reader,
    ):
        metric, known = failure_metric(results.metrics, threshold), known_passes(results, threshold)
        search = _Search(plan, workers, profiler, threshold, metric, known)
        pending = [reader.submit(read_chunk, plan, chunk, profiler) for chunk in missing[:1]]
        for position, chunk in enumerate(missing):
            batches = _next(pending)
            pending += [
                reader.submit(read_chunk, plan, later, profiler) for later in missing[position + 1 : position + 2]
            ]
            rows = [row for batch in batches for row in _search_batch(search, batch, batch_size)]
            _write(parts[chunk], pa.Table.from_pylist(rows, SCHEMA), run, chunk)


def _next(pending: list[Future[tuple[list[Batch], list[Failure]]]]) -> list[Batch]:
    return pending.pop().result()[0]


def _search_batch(search: _Search, frames: Batch, batch_size: AdaptiveBatchSize) -> list[Row]:
    rows = []
    for indices in batch_size.split(len(frames), frames.pixels):
        batch = (frames if len(indices) == len(frames) else frames.select(indices)).to(search.plan.device)
        for part in search.workers.map(search.bisect, batch, list(search.plan.corruptions), batch_size):
            rows += part
    return rows


def _by_severity(brackets: Mapping[tuple[str, str], Bracket]) -> dict[float, list[tuple[str, str]]]:
    """Severity -> the models and frames to evaluate there."""
    pending: dict[float, list[tuple[str, str]]] = {}
    for key, bracket in brackets.items():
        if (severity := bracket.next) is not None:
            pending.setdefault(severity, []).append(key)
    return pending


def _as_stored(values: np.ndarray) -> np.ndarray:
    """Scores in the precision of the records, so that a frame at the threshold passes in both or in none."""
    return values.astype(np.float32) if values.dtype == np.float64 else values


def _in_order(table: pa.Table, plan: EvaluationPlan) -> pa.Table:
    """By model, then corruption, then frame: the same rows for any division in chunks."""
    models = {name: i for i, name in enumerate(plan.models)}
    corruptions = {name: i for i, name in enumerate(plan.corruptions)}
    keys = zip(table["model"].to_pylist(), table["corruption"].to_pylist(), strict=True)
    ranks = np.array(
        [models[model] * len(corruptions) + corruptions[corruption] for model, corruption in keys], np.int64
    )
    return table.take(np.argsort(ranks, kind="stable"))


def _write(file: Path, table: pa.Table, run: str, number: int) -> None:
    write_table(file, table.replace_schema_metadata(chunk_stamp(table, b"[]", run, number)))
