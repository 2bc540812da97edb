"""Keeping the pictures of the frames that a run went most wrong on: they are known only when it has ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import pandas as pd

from robustbench_endo.evaluation.clock import Clock
from robustbench_endo.evaluation.condition import keep, show
from robustbench_endo.evaluation.conditions import Condition
from robustbench_endo.evaluation.device_batch import DeviceBatch, on_device
from robustbench_endo.evaluation.frames import read_frames
from robustbench_endo.evaluation.gallery_writer import GalleryWriter, read_index
from robustbench_endo.evaluation.job import Job
from robustbench_endo.evaluation.precision import reproducible
from robustbench_endo.evaluation.request import Request
from robustbench_endo.evaluation.workers import Workers
from robustbench_endo.results.deepest import deepest_falls
from robustbench_endo.results.schema import CLEAN


def keep_worst(
    request: Request, job: Job, records: pd.DataFrame, indices: Sequence[int], clock: Clock | None = None
) -> None:
    """Make the pictures of the deepest falls again and keep them, each beside its clean frame.

    Nothing is scored anew, and nothing is done where the run keeps no gallery or has kept them before.
    """
    if not request.gallery or "worst" in read_index(request.out):
        return
    wanted: dict[str, set[Condition]] = {}
    for row in deepest_falls(records).itertuples():
        wanted.setdefault(str(row.image_id), set()).add(Condition(str(row.corruption), int(row.severity)))
    place = {request.dataset.ids[index]: index for index in indices}
    chosen = replace(job, gallery=GalleryWriter(request.out, list(wanted), list(request.models), part="worst"))
    clock = clock or Clock()
    with reproducible(), Workers(job.models, job.device, request.workers) as workers:
        for image_id, conditions in wanted.items():
            found, _ = read_frames(request.dataset, [place[image_id]], request.suite.resolution, request.real)
            for frames in found:  # none where the file has gone since it was scored
                work = partial(_kept, chosen, on_device(frames, job.device), workers, clock)
                list(workers.map(work, [Condition(CLEAN, 0), *sorted(conditions)]))


def _kept(job: Job, batch: DeviceBatch, workers: Workers, clock: Clock, condition: Condition) -> None:
    shown = show(job, batch, workers, clock, condition)
    with clock.time("write"), workers.stages.score.turn(after=shown.mark):
        keep(job, condition, batch, shown.pictures, shown.masks, shown.answers)
