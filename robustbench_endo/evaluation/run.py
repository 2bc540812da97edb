"""A run from beginning to end: plan, chunks, merged records, results; or only a shard of it."""

from __future__ import annotations

import json
import logging
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from robustbench_endo.evaluation.calibrations import check_calibration_data
from robustbench_endo.evaluation.call import call_config, planned
from robustbench_endo.evaluation.call_options import check_objects, check_stored
from robustbench_endo.evaluation.config import SEVERITIES
from robustbench_endo.evaluation.engines import choose_engine
from robustbench_endo.evaluation.failure_points import store_failure_points
from robustbench_endo.evaluation.gallery_images import remove_damaged_images, store_images
from robustbench_endo.evaluation.kept_frames import store_kept_frames, store_worst_predictions
from robustbench_endo.evaluation.loop import Advance
from robustbench_endo.evaluation.model_arguments import Models
from robustbench_endo.evaluation.names import check_dataset_names, check_names
from robustbench_endo.evaluation.plan import Engine, EvaluationPlan
from robustbench_endo.evaluation.profiler import Profiler
from robustbench_endo.evaluation.provenance import describe_run, utc_now
from robustbench_endo.evaluation.shard import parse_shard
from robustbench_endo.evaluation.target_distortion import with_target_distortion
from robustbench_endo.io_utils import write_atomically
from robustbench_endo.metrics.base import Metric
from robustbench_endo.results.description import describe_failures
from robustbench_endo.results.failure_points import failure_metric, parse_failure_point
from robustbench_endo.results.integrity import RUN_FILE, SUMMARY_FILE, write_run
from robustbench_endo.results.io import read_records, summary_csv
from robustbench_endo.results.metrics import run_metrics
from robustbench_endo.results.results import Results
from robustbench_endo.results.run_schema import check_run_info
from robustbench_endo.types import Dataset

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from robustbench_endo.corruptions import Suite
    from robustbench_endo.evaluation.config import EvaluationOptions

Progress = Callable[[int, int], object]
"""Called with (frames x conditions done, frames x conditions in all)."""

PlanProgress = Callable[[int, int, str], object]
"""As :data:`Progress`, and with the condition that was done last, such as ``smoke 3``."""

UNNAMED = "evaluation"
"""Name of a run without a folder."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ShardResult:
    """The state of a run after one of its shards.

    Attributes:
        chunks: number of chunks of the run.
        done: number of chunks of the shard.
        missing: numbers of the chunks whose records are not in the folder.
    """

    chunks: int
    done: int
    missing: Sequence[int]


def evaluate(
    models: Models,
    data: Dataset | str | Path,
    corruptions: str | Sequence[str] = "all",
    severities: float | Sequence[float] = SEVERITIES,
    out: str | Path | None = None,
    *,
    suite: str | Path | Suite | None = None,
    metrics: Sequence[Metric | type[Metric]] = (),
    progress: Progress | None = None,
    profiler: Profiler | None = None,
    engine: Literal["local", "ray"] | Engine = "local",
    **options: Unpack[EvaluationOptions],
) -> Results:
    """Evaluate models under corruptions: every frame is decoded once, all models see the same corrupted image.

    Args:
        models: a network or another callable, the name of a model that :func:`load_model` knows, a list of these, or
            name -> model. Each maps float (B, 3, H, W), RGB in [0, 1], to logits: segmentation (B, C, h, w) or activity
            (B, K) as a tensor, as ``{"out": ...}`` or ``.logits``, or a dict of ``segmentation`` and ``activity``.
            A list under a name is a method trained with several seeds: its models are called ``<name>/seed<n>`` and
            ``Results.methods`` groups them. Each model is tried on a batch of two first. Networks are evaluated in
            eval mode on ``device``, and have their mode and device again when the call ends.
        data: frames with targets, see :func:`load_dataset`, :func:`from_torch` and :func:`from_huggingface`; or the
            name, folder or file that :func:`load_dataset` takes.
        corruptions: ``all``, a category, names separated by commas, ``smoke+defocus_blur`` for both at once,
            ``pairwise`` for compounds with every pair, or a list of them; ``recorded`` for the recorded conditions of
            the data set, ``clean`` for the clean frames only.
        severities: a number from 1 to 5 or several, such as ``3``, ``(1, 2.4)`` or ``range(1, 6)``; the clean
            condition always runs.
        out: run folder; an interrupted run is resumed. None stores no files.
        suite: ``endo19`` (default), ``endo-surgical``, ``endoarss``, ``imagenet-c``, a TOML file, or a suite object.
        metrics: further :class:`~robustbench_endo.metrics.Metric` classes or objects.
        progress: called with (done, total) frames x conditions.
        profiler: receives the seconds per phase.
        engine: ``local``, ``ray`` (extra `ray`, the same bits), or an object that computes the chunks.
        options: further fields of :class:`~robustbench_endo.evaluation.config.EvaluationConfig`, such as ``protocol``,
            ``resolution``, ``limit``, ``seed``, ``device``, ``precision``, ``batch_size`` and ``notes``.

    Raises:
        RobustEndoError: the settings cannot be met; finished work is kept.

    >>> import torch, robustbench_endo as rb
    >>> def background(images):
    ...     labels = torch.zeros(len(images), 12, 16, dtype=torch.int64)
    ...     return {"segmentation": torch.nn.functional.one_hot(labels, 7).movedim(3, 1).float()}
    >>> data = rb.load_dataset("synthetic", frames=1, size=(48, 64))
    >>> results = rb.evaluate({"background": background}, data, "contrast", (5,))
    >>> results.scores()["severity"].tolist()
    [0, 5]
    """
    check_objects(out, suite, progress, profiler, engine)
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory()) if out is None else out
        config = call_config(corruptions, severities, Path(folder), suite, engine, options)
        check_stored(config, stored=out is not None)
        plan = stack.enter_context(planned(config, models, data, suite, metrics))
        computing = choose_engine(config) if isinstance(engine, str) else engine
        results = run_plan(plan, _counting(progress), profiler or Profiler(), computing)
    if failed := describe_failures(results):
        log.warning("%s", failed)
    # Comparisons and trackers would show the name of the temporary folder.
    return replace(results, path=None, info={**results.info, "name": UNNAMED}) if out is None else results


def evaluate_shard(
    shard: str,
    models: Models,
    data: Dataset | str | Path,
    corruptions: str | Sequence[str] = "all",
    severities: float | Sequence[float] = SEVERITIES,
    *,
    out: str | Path,
    suite: str | Path | Suite | None = None,
    metrics: Sequence[Metric | type[Metric]] = (),
    progress: Progress | None = None,
    profiler: Profiler | None = None,
    engine: Literal["local", "ray"] | Engine = "local",
    **options: Unpack[EvaluationOptions],
) -> ShardResult:
    """Compute a part of :func:`evaluate`, for independent jobs; :func:`merge` combines the parts.

    Args:
        shard: ``2/8``, the second of eight parts of about the same size.
        out: run folder, shared by all shards or one for each.
        models, data, corruptions, severities, suite, metrics, progress, profiler, engine, options: as in
            :func:`evaluate`, the same for all shards.

    Raises:
        RobustEndoError: the settings cannot be met; finished work is kept.
    """
    check_objects(out, suite, progress, profiler, engine)
    config = replace(call_config(corruptions, severities, Path(out), suite, engine, options), shard=shard)
    with planned(config, models, data, suite, metrics) as plan:
        computing = choose_engine(config) if isinstance(engine, str) else engine
        return run_shard(plan, _counting(progress), profiler or Profiler(), computing)


def run_plan(plan: EvaluationPlan, progress: PlanProgress, profiler: Profiler, engine: Engine) -> Results:
    """Evaluate a plan, or finish what an interrupted call with the same plan, or shards of it, began.

    Raises:
        DataError, ModelError, RunError: the plan cannot be met; finished work is kept.
    """
    plan = with_target_distortion(plan)
    info = open_run(plan)
    chunks = range(len(plan.chunks))
    missing = plan.folder.missing_chunks(chunks)
    advance = _advance(plan, chunks, missing, progress)
    if missing:
        engine(plan, missing, profiler, advance)
    return finish_run(plan, info, profiler)


def finish_run(plan: EvaluationPlan, info: Mapping[str, Any], profiler: Profiler) -> Results:
    """Merge the records of all chunks, write what follows from them, and, last, the checksums of all files."""
    with profiler.time("write"):
        info = plan.folder.finish(len(plan.chunks), info, plan.conditions)
    for failure in info["failures"]:
        log.debug("Excluded: %s: %s", failure["id"], failure["reason"])
    results = read_records(plan.config.out, info, plan.user_metrics)
    results = replace(results, failure_points=store_failure_points(plan, results, profiler))
    for store in (store_images, store_kept_frames, store_worst_predictions):
        store(plan, results, profiler)
    write_summary(results)
    sealed = write_run(plan.config.out, {**info, "finished": utc_now(), "timings": profiler.seconds()})
    return replace(results, info=sealed)


def run_shard(plan: EvaluationPlan, progress: PlanProgress, profiler: Profiler, engine: Engine) -> ShardResult:
    """Compute the shard that the plan's configuration names; other shards may be computed at the same time.

    Raises:
        DataError, ModelError, RunError: the plan cannot be met, or the folder's run has another number of shards.
    """
    shard = parse_shard(str(plan.config.shard))
    plan = with_target_distortion(plan)
    open_run(plan)
    chunks = shard.share(len(plan.chunks))
    missing = plan.folder.missing_chunks(chunks)
    advance = _advance(plan, chunks, missing, progress)
    if missing:
        engine(plan, missing, profiler, advance)
    return ShardResult(len(plan.chunks), len(chunks), plan.folder.missing_chunks(range(len(plan.chunks))))


def open_run(plan: EvaluationPlan) -> Mapping[str, Any]:
    """Check the data, and create the run folder or resume the run in it; the content of ``run.json``.

    Raises:
        DataError, RunError: data that cannot be evaluated, or a folder with another run.
    """
    check_dataset_names(plan.dataset)
    check_names(
        {
            "model names": plan.models,
            "corruption names": plan.corruptions,
            "a run folder": [plan.config.out.name],
            "notes": plan.notes,
        }
    )
    check_calibration_data(plan)
    check = getattr(plan.dataset, "check", None)
    if callable(check):
        check(plan.indices)
    # Shards are merged without data, from which chunks could be counted.
    parts: dict[str, Any] = {"chunks": len(plan.chunks)}
    if plan.config.shard is not None:
        parts["shards"] = parse_shard(plan.config.shard).of
    described = {**describe_run(plan), **parts}
    # What would be refused when it is read is refused before it is computed.
    check_run_info(json.loads(json.dumps(described)), plan.config.out / RUN_FILE)
    if plan.config.failure_point is not None:
        failure_metric(run_metrics(described, plan.user_metrics), parse_failure_point(plan.config.failure_point))
    info = plan.folder.open(described)
    remove_damaged_images(plan.config.out)
    plan.gallery.write_index()
    return info


def write_summary(results: Results) -> None:
    """Write ``summary.csv``: one row per model and condition."""
    if results.path is not None:
        write_atomically(results.path / SUMMARY_FILE, summary_csv(results))


def _advance(plan: EvaluationPlan, chunks: Sequence[int], missing: Sequence[int], progress: PlanProgress) -> Advance:
    total = sum(map(plan.steps, chunks))
    done = total - sum(map(plan.steps, missing))
    logged = 100 * done // max(1, total)
    if not missing:
        log.info("Nothing to compute: all %d chunks are there.", len(chunks))
    elif len(missing) < len(chunks):
        present = len(chunks) - len(missing)
        log.info("Resuming: %d of %d chunks found in %s.", present, len(chunks), plan.config.out)

    def advance(steps: int, condition: str = "") -> None:
        nonlocal done, logged
        done += steps
        progress(done, total, condition)
        if (percent := 100 * done // total) > logged:
            logged = percent
            log.debug("%d of %d frames x conditions (%d %%) %s", done, total, percent, condition)

    progress(done, total, "")
    return advance


def _counting(progress: Progress | None) -> PlanProgress:
    """The progress of a call from Python, which receives no condition."""
    return lambda done, total, condition: None if progress is None else progress(done, total)
