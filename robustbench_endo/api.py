"""Where the three stages meet: the functions behind ``import robustbench_endo as rb``."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from robustbench_endo.corruptions import RandomCorruption, Suite, corrupt, load_suite, select
from robustbench_endo.data.resolution import Resolution
from robustbench_endo.evaluation import Request, choose_device
from robustbench_endo.evaluation.device import choose_precision
from robustbench_endo.evaluation.engines import choose_engine
from robustbench_endo.evaluation.merge_shards import merge
from robustbench_endo.evaluation.plan import Engine
from robustbench_endo.evaluation.predict import ModelCall
from robustbench_endo.evaluation.profiler import Clock
from robustbench_endo.evaluation.protocol import suite_of
from robustbench_endo.evaluation.recorded import parted, select_recorded
from robustbench_endo.evaluation.run import Progress, ShardDone, run, run_shard
from robustbench_endo.evaluation.shard import parse_shard
from robustbench_endo.metrics import Metric
from robustbench_endo.reports import report
from robustbench_endo.results import Results
from robustbench_endo.types import Dataset

if TYPE_CHECKING:
    from torch import Tensor

    from robustbench_endo.training.train_step import Corrupt

__all__ = ["corrupt", "corruption_augmentation", "evaluate", "evaluate_shard", "list_corruptions", "merge", "report"]


def list_corruptions(suite: str = "endo19") -> list[str]:
    """Names of the corruptions of a suite, in the order of the paper's Table VII."""
    return list(load_suite(suite).select("all"))


def evaluate(
    models: Mapping[str, ModelCall],
    data: Dataset,
    corruptions: str | Sequence[str] = "all",
    severities: Iterable[int] = (1, 2, 3, 4, 5),
    out: str | Path | None = None,
    *,
    protocol: str = "standard",
    suite: str | Suite | None = None,
    backend: str = "own",
    resolution: Resolution | None = None,
    seed: int = 0,
    device: str = "auto",
    precision: str = "auto",
    batch_size: int | None = None,
    compiled: bool = False,
    limit: int | None = None,
    metrics: Sequence[type[Metric]] = (),
    notes: Sequence[str] = (),
    progress: Progress | None = None,
    clock: Clock | None = None,
    engine: str | Engine = "local",
    address: str | None = None,
) -> Results:
    """Evaluate models under corruptions, every frame decoded once, all models on the same corrupted picture.

    Args:
        models: name -> network: float (B, 3, H, W) in [0, 1] -> ``segmentation`` and/or ``activity`` logits.
        data: frames with masks and activities, see :func:`load_dataset`.
        corruptions: ``all``, a category, names separated by commas, or a list of them. Where the data have real
            conditions (pictures of the same frames in recorded smoke, ...), ``all`` runs them, too; ``recorded``
            means them alone, ``recorded_...`` one of them. They enter no mean over corruptions. ``clean``: no
            corruption at all.
        severities: of 1 to 5; the clean condition always runs.
        out: run folder; a run that was interrupted there is resumed. None keeps no files.
        protocol: ``standard``, or ``endoarss``: the authors' suite, size and metric definitions, for comparison with
            the tables of the paper; these metrics get columns of their own beside the standard ones.
        suite: ``endo19`` (by default), ``endoarss``, ``imagenet-c``, a TOML file, or a suite itself.
        backend: ``own``, or ``imagecorruptions`` for the reference package (extra `imagecorruptions`), for
            cross-checks: its corruptions and severities at the suite's resolution; ``all`` and categories leave out
            what it lacks, with a note.
        resolution: short side, ``native`` or (height, width) instead of the suite's.
        seed: of all randomness in the corruptions.
        device: ``auto``, ``cpu``, ``cuda:0``, ...
        precision: of the forward passes: ``fp32``, ``bf16``, or ``auto``: bf16 on a GPU that has it, else fp32.
        batch_size: frames at a time at most; by default 32 on a GPU, else 4, or 1.5 million pixels. One that
            does not fit the memory is halved; corrupted pixels do not depend on it.
        compiled: have ``torch.compile`` make the models faster; on CUDA alone.
        limit: at most this many frames, spread evenly.
        metrics: further :class:`~robustbench_endo.metrics.Metric` classes; each adds a column.
        notes: sentences that the report shows, such as where the activities come from.
        progress: called with (done, total) frame-conditions.
        clock: told where the time went.
        engine: who computes: ``local``, this process, or ``ray``, the machines of a Ray cluster (extra `ray`); the
            results are the same to the bit.
        address: of the Ray cluster: ``auto``, ``HOST:PORT`` or ``ray://HOST:PORT``; None: this machine alone.

    Raises:
        RobustEndoError: something that was asked for cannot be met; the message says what was expected and found.
    """
    computing = choose_engine(engine, address)

    def to(folder: Path) -> Results:
        request = _request(
            *(models, data, corruptions, severities, folder),
            protocol=protocol,
            suite=suite,
            backend=backend,
            resolution=resolution,
            seed=seed,
            device=device,
            precision=precision,
            batch_size=batch_size,
            compiled=compiled,
            limit=limit,
            metrics=metrics,
            notes=notes,
        )
        return run(request, progress or _silent, computing, clock)

    if out is not None:
        return to(Path(out))
    with tempfile.TemporaryDirectory() as folder:
        return replace(to(Path(folder)), path=None)


def evaluate_shard(
    shard: str,
    models: Mapping[str, ModelCall],
    data: Dataset,
    corruptions: str | Sequence[str] = "all",
    severities: Iterable[int] = (1, 2, 3, 4, 5),
    *,
    out: str | Path,
    progress: Progress | None = None,
    clock: Clock | None = None,
    engine: str | Engine = "local",
    address: str | None = None,
    **options: Any,
) -> ShardDone:
    """Compute a part of :func:`evaluate`, for jobs that know nothing of each other; :func:`merge` makes one of them.

    Args:
        shard: ``2/8``, the second of eight parts of about the same size.
        out: run folder, shared by all shards or one for each.
        options: as those of :func:`evaluate`, the same for all shards.

    Raises:
        RobustEndoError: something that was asked for cannot be met; the message says what was expected and found.
    """
    part, computing = parse_shard(shard), choose_engine(engine, address)
    request = _request(models, data, corruptions, severities, Path(out), **options)
    return run_shard(request, part, progress or _silent, computing, clock)


def _request(
    models: Mapping[str, ModelCall],
    data: Dataset,
    corruptions: str | Sequence[str],
    severities: Iterable[int],
    out: Path,
    *,
    protocol: str = "standard",
    suite: str | Suite | None = None,
    backend: str = "own",
    resolution: Resolution | None = None,
    seed: int = 0,
    device: str = "auto",
    precision: str = "auto",
    batch_size: int | None = None,
    compiled: bool = False,
    limit: int | None = None,
    metrics: Sequence[type[Metric]] = (),
    notes: Sequence[str] = (),
) -> Request:
    """What :func:`evaluate` is asked for, in the words of stage 2."""
    asked = parted(corruptions)
    recorded = select_recorded(data, asked.recorded)
    selection = select(suite_of(protocol, suite, backend, resolution), asked.synthetic or "all", backend)
    chosen = selection.suite if resolution is None else replace(selection.suite, resolution=resolution)

    place = choose_device(device)
    return Request(
        models=models,
        dataset=data,
        suite=chosen,
        corruptions=selection.names if asked.synthetic or not (recorded or asked.clean) else (),
        recorded=recorded,
        severities=sorted(set(severities)),
        out=out,
        seed=seed,
        device=place,
        precision=choose_precision(precision, place),
        batch=batch_size,
        compile=compiled,
        limit=limit,
        metrics=tuple(metrics),
        protocol=protocol,
        notes=(*notes, *selection.notes),
    )


def corruption_augmentation(
    names: str | Sequence[str],
    share: float = 0.5,
    severities: Sequence[int] = (1, 2, 3, 4, 5),
    suite: str = "endo19",
    seed: int = 0,
) -> tuple[Corrupt, tuple[str, ...]]:
    """Training on corruptions, for ``robustbench_endo.training.train``: what is left out stays held out.

    Args:
        names: ``all``, a category, names separated by commas, or a list of them.
        share: of the frames that are damaged, each by one of the corruptions; drawn anew every epoch.
        severities: equally likely.
        suite: whose corruptions.
        seed: of the draw and of the noise.

    Returns:
        ``(images, masks, ids, epoch) -> (images, masks)``, a pure function, and the names for
        ``Settings.corruptions``, so that the checkpoint says what its model has seen.

    Raises:
        CorruptionError: an unknown name or suite, a severity or share outside its range.
    """
    transform = RandomCorruption(names, severities, share, suite, seed)

    def corrupt(images: Tensor, masks: Tensor, ids: Sequence[str], epoch: int) -> tuple[Tensor, Tensor]:
        transform.set_epoch(epoch)
        damaged: tuple[Tensor, Tensor] = transform((images, masks), ids=ids)
        return damaged

    return corrupt, tuple(transform.names)


def _silent(done: int, total: int) -> None:
    """Report no progress."""
