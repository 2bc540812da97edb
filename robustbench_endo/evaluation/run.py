"""A run from beginning to end: identity, chunks, merged records; or a part of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import pandas as pd

from robustbench_endo.evaluation.batch import DeviceBatch, on_device, read_frames
from robustbench_endo.evaluation.conditions import Condition
from robustbench_endo.evaluation.config import Job, Request, chosen, chunked
from robustbench_endo.evaluation.device import reproducible
from robustbench_endo.evaluation.engines.local import local
from robustbench_endo.evaluation.gallery import GalleryWriter, read_index
from robustbench_endo.evaluation.loop import keep, show
from robustbench_endo.evaluation.plan import Engine, Work, cut
from robustbench_endo.evaluation.profiler import Clock
from robustbench_endo.evaluation.provenance import describe, now
from robustbench_endo.evaluation.run_folder import RunFolder
from robustbench_endo.evaluation.shard import Shard
from robustbench_endo.evaluation.workers import Workers
from robustbench_endo.results import Results, load_results
from robustbench_endo.results.io import SUMMARY_FILE, write_whole
from robustbench_endo.results.schema import CLEAN
from robustbench_endo.results.tail_risk import largest_drops


def keep_worst(
    request: Request, job: Job, records: pd.DataFrame, indices: Sequence[int], clock: Clock | None = None
) -> None:
    """Make the pictures of the deepest falls again and keep them, each beside its clean frame.

    Nothing is scored anew, and nothing is done where the run keeps no gallery or has kept them before.
    """
    if not request.gallery or "worst" in read_index(request.out):
        return
    wanted: dict[str, set[Condition]] = {}
    for row in largest_drops(records).itertuples():
        wanted.setdefault(str(row.image_id), set()).add(Condition(str(row.corruption), int(row.severity)))
    place = {request.dataset.ids[index]: index for index in indices}
    chosen = replace(job, gallery=GalleryWriter(request.out, list(wanted), list(request.models), part="worst"))
    clock = clock or Clock()
    with reproducible(), Workers(job.models, job.device, request.workers) as workers:
        for image_id, conditions in wanted.items():
            found, _ = read_frames(request.dataset, [place[image_id]], request.suite.resolution, request.recorded)
            for frames in found:  # none where the file has gone since it was scored
                work = partial(_kept, chosen, on_device(frames, job.device), workers, clock)
                list(workers.map(work, [Condition(CLEAN, 0), *sorted(conditions)]))


def _kept(job: Job, batch: DeviceBatch, workers: Workers, clock: Clock, condition: Condition) -> None:
    shown = show(job, batch, workers, clock, condition)
    with clock.time("write"), workers.stages.score.turn(after=shown.mark):
        keep(job, condition, batch, shown.pictures, shown.masks, shown.answers)


Progress = Callable[[int, int], None]
"""Called with (frame-conditions done, frame-conditions in all)."""


@dataclass(frozen=True)
class ShardDone:
    """What there is of a run after one of its shards.

    Attributes:
        chunks: of the run; ``mine``: of the shard.
        missing: numbers of the chunks whose records are not in the folder.
    """

    chunks: int
    mine: int
    missing: Sequence[int]


def run(
    request: Request,
    progress: Progress = lambda done, total: None,
    engine: Engine = local,
    clock: Clock | None = None,
) -> Results:
    """Evaluate, or finish what an interrupted call with the same request, or shards of it, began.

    Args:
        engine: who computes.
        clock: told where the time went.

    Raises:
        DataError, ModelError, RunError: the request cannot be met; nothing that was finished is lost.
    """
    clock = clock or Clock()
    work, info = begin(request)
    compute(work, range(len(work.chunks)), progress, engine, clock)
    with clock.time("write"):
        ended = {**info, "finished": now(), "timings": clock.seconds()}
        work.folder.finish(len(work.chunks), ended, work.job.conditions)
    results = load_results(request.out)
    keep_worst(request, work.job, results.frame, [index for chunk in work.chunks for index in chunk], clock)
    write_summary(results)
    return results


def run_shard(
    request: Request,
    shard: Shard,
    progress: Progress = lambda done, total: None,
    engine: Engine = local,
    clock: Clock | None = None,
) -> ShardDone:
    """Compute a part of a run; :func:`.merge_shards.merge`, or :func:`run` in the same folder, makes one of the parts.

    Other shards may be computed at the same time, in the same folder or in folders of their own.

    Raises:
        DataError, ModelError, RunError: the request cannot be met, or the folder's run is cut in another number of
            shards; nothing that was finished is lost.
    """
    work, _ = begin(request, shard.of)
    mine = shard.share(len(work.chunks))
    compute(work, mine, progress, engine, clock or Clock())
    return ShardDone(len(work.chunks), len(mine), work.folder.without_chunk(range(len(work.chunks))))


def begin(request: Request, shards: int | None = None) -> tuple[Work, Mapping[str, Any]]:
    """Open or make the run folder; the work to do, and the content of ``run.json``.

    Raises:
        DataError, ModelError, RunError: the request cannot be met.
    """
    indices = chosen(len(request.dataset), request.limit)
    check = getattr(request.dataset, "check", None)
    if callable(check):
        check(indices)
    folder = RunFolder(request.out)
    # Whoever merges shards has no data to count chunks by.
    parts = {"chunks": len(chunked(indices, request.device)), **({"shards": shards} if shards else {})}
    info = folder.open({**describe(request, indices), **parts})
    return cut(request, indices, folder), info


def compute(work: Work, numbers: Sequence[int], progress: Progress, engine: Engine, clock: Clock) -> None:
    """Have the engine compute what is missing of these chunks, and tell how far it is, finished ones included."""
    missing = work.folder.without_chunk(numbers)
    total = sum(map(work.steps, numbers))
    done = total - sum(map(work.steps, missing))

    def advance(steps: int) -> None:
        nonlocal done
        done += steps
        progress(done, total)

    progress(done, total)
    if missing:
        engine(work, missing, clock, advance)


def write_summary(results: Results) -> None:
    """``summary.csv``: a row a model and condition."""
    if results.path is not None:
        table = results.scores().to_csv(index=False, float_format="%.6g")
        write_whole(results.path / SUMMARY_FILE, lambda file: file.write(table.encode()))
