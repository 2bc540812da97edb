"""The inner loop: frames of a chunk x all conditions x all models."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa

from robustbench_endo.evaluation.clock import Clock
from robustbench_endo.evaluation.condition import Part, records_at
from robustbench_endo.evaluation.conditions import Condition
from robustbench_endo.evaluation.device_batch import DeviceBatch, on_device
from robustbench_endo.evaluation.frames import Failure, FrameBatch
from robustbench_endo.evaluation.job import BatchSize, Job
from robustbench_endo.evaluation.memory import in_memory
from robustbench_endo.evaluation.workers import Workers
from robustbench_endo.results.schema import arrow_schema


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
