"""Where the three stages meet: the functions behind ``import robustbench_endo as rb``."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from robustbench_endo.corruptions import corrupt, load_suite, select
from robustbench_endo.data.resolution import Resolution
from robustbench_endo.evaluation import Request, choose_device, run
from robustbench_endo.evaluation.evaluate import Progress
from robustbench_endo.evaluation.forward import ModelCall
from robustbench_endo.evaluation.protocol import suite_of
from robustbench_endo.metrics import Metric
from robustbench_endo.reports import report
from robustbench_endo.results import Results
from robustbench_endo.types import Dataset

__all__ = ["corrupt", "evaluate", "list_corruptions", "report"]


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
    suite: str | None = None,
    backend: str = "own",
    resolution: Resolution | None = None,
    seed: int = 0,
    device: str = "auto",
    limit: int | None = None,
    metrics: Sequence[type[Metric]] = (),
    notes: Sequence[str] = (),
    progress: Progress | None = None,
) -> Results:
    """Evaluate models under corruptions, every frame decoded once, all models on the same corrupted picture.

    Args:
        models: name -> network: float (B, 3, H, W) in [0, 1] -> ``segmentation`` and/or ``activity`` logits.
        data: frames with masks and activities, see :func:`load_dataset`.
        corruptions: ``all``, a group, names separated by commas, or a list of them.
        severities: of 1 to 5; the clean condition always runs.
        out: run folder; a run that was interrupted there is resumed. None keeps no files.
        protocol: ``standard``, or ``paper``: the authors' suite, size and metric definitions, for comparison with the
            tables of the paper; these metrics get columns of their own beside the standard ones.
        suite: ``endo19`` (by default), ``paper``, ``imagenet-c`` or a TOML file.
        backend: ``own``, or ``imagecorruptions`` for the reference package (extra `reference`), for cross-checks: its
            corruptions and severities at the suite's resolution; ``all`` and groups leave out what it lacks, with a
            note.
        resolution: short side, ``native`` or (height, width) instead of the suite's.
        seed: of all randomness in the corruptions.
        device: ``auto``, ``cpu``, ``cuda:0``, ...
        limit: at most this many frames, spread evenly.
        metrics: further :class:`~robustbench_endo.metrics.Metric` classes; each adds a column.
        notes: sentences that the report shows, such as where the activities come from.
        progress: called with (done, total) frame-conditions.

    Raises:
        RobustEndoError: something that was asked for cannot be met; the message says what was expected and found.
    """
    selection = select(suite_of(protocol, suite, backend, resolution), corruptions, backend)
    chosen = selection.suite if resolution is None else replace(selection.suite, resolution=resolution)

    def to(folder: Path) -> Results:
        request = Request(
            models=models,
            dataset=data,
            suite=chosen,
            corruptions=selection.names,
            severities=sorted(set(severities)),
            out=folder,
            seed=seed,
            device=choose_device(device),
            limit=limit,
            metrics=tuple(metrics),
            protocol=protocol,
            notes=(*notes, *selection.notes),
        )
        return run(request, progress or _silent)

    if out is not None:
        return to(Path(out))
    with tempfile.TemporaryDirectory() as folder:
        return replace(to(Path(folder)), path=None)


def _silent(done: int, total: int) -> None:
    """Report no progress."""
