"""A run from beginning to end: identity, chunks, merged records."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pyarrow as pa

from robustbench_endo.errors import DataError
from robustbench_endo.evaluation.clock import Clock
from robustbench_endo.evaluation.conditions import Condition
from robustbench_endo.evaluation.engines.local import local
from robustbench_endo.evaluation.request import Request, chosen
from robustbench_endo.evaluation.run_folder import RunFolder, in_order
from robustbench_endo.evaluation.run_info import describe, now
from robustbench_endo.evaluation.work import Engine, Work, cut
from robustbench_endo.evaluation.worst_pictures import keep_worst
from robustbench_endo.results import Results, load_results
from robustbench_endo.results.store import SUMMARY_FILE, write_whole

Progress = Callable[[int, int], None]
"""Called with (frame-conditions done, frame-conditions in all)."""


def run(
    request: Request,
    progress: Progress = lambda done, total: None,
    engine: Engine = local,
    clock: Clock | None = None,
) -> Results:
    """Evaluate, or finish what an interrupted call with the same request began.

    Args:
        engine: who computes.
        clock: told where the time went.

    Raises:
        DataError, ModelError, RunError: the request cannot be met; nothing that was finished is lost.
    """
    clock = clock or Clock()
    work, info = begin(request)
    compute(work, work.missing(), progress, engine, clock)
    records, failures = merged(work.folder, info, len(work.chunks), work.job.conditions)
    with clock.time("write"):
        work.folder.finish(records, {**info, "finished": now(), "failures": failures, "timings": clock.seconds()})
    results = load_results(request.out)
    keep_worst(request, work.job, results.frame, [index for chunk in work.chunks for index in chunk])
    write_summary(results)
    return results


def begin(request: Request) -> tuple[Work, Mapping[str, Any]]:
    """Open or make the run folder; the work to do, and the content of ``run.json``.

    Raises:
        DataError, ModelError, RunError: the request cannot be met.
    """
    indices = chosen(len(request.dataset), request.limit)
    check = getattr(request.dataset, "check", None)
    if callable(check):
        check(indices)
    folder = RunFolder(request.out)
    info = folder.open(describe(request, indices))
    return cut(request, indices, folder), info


def compute(work: Work, numbers: Sequence[int], progress: Progress, engine: Engine, clock: Clock) -> None:
    """Have the engine compute these chunks, and tell how far it is, finished chunks included."""
    total = sum(map(work.steps, range(len(work.chunks))))
    done = total - sum(map(work.steps, work.missing()))

    def advance(steps: int) -> None:
        nonlocal done
        done += steps
        progress(done, total)

    progress(done, total)
    if numbers:
        engine(work, numbers, clock, advance)


def merged(
    folder: RunFolder, info: Mapping[str, Any], chunks: int, conditions: Sequence[Condition]
) -> tuple[pa.Table, list[dict[str, str]]]:
    """All records by model, condition and frame, and all failures.

    Raises:
        DataError: no frame could be read.
    """
    records, failures = folder.read_chunks(chunks)
    if not records.num_rows:
        found = f"none of {info['data']['frames']}: {failures[0]['reason']}"
        raise DataError(f"Expected at least one readable frame, found {found}")
    return in_order(records, [model["name"] for model in info["models"]], conditions), failures


def write_summary(results: Results) -> None:
    """``summary.csv``: a row a model and condition."""
    if results.path is not None:
        table = results.scores().to_csv(index=False, float_format="%.6g")
        write_whole(results.path / SUMMARY_FILE, lambda file: file.write(table.encode()))
