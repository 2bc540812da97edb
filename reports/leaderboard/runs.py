"""The runs of a leaderboard: their scores, and which of them can be ranked together."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from robustbench_endo.metrics.base import Metric
from robustbench_endo.reports.data.floors import floor_of
from robustbench_endo.reports.data.metrics import headline_present, with_numbers
from robustbench_endo.reports.formatting import MISSING, counted, number, number_range, title
from robustbench_endo.results import load_results
from robustbench_endo.results.combine import comparison_key
from robustbench_endo.results.gallery import INDEX
from robustbench_endo.results.integrity import CHECKSUM, RESULTS_FILE, RUN_FILE
from robustbench_endo.submission.check import is_submission, read_description, submission_problems
from robustbench_endo.submission.contents import SUBMISSION_FILE, UNSTATED

if TYPE_CHECKING:
    from robustbench_endo.results import Results


@dataclass(frozen=True)
class Score:
    """A metric of a model as printed.

    Attributes:
        metric: its declaration.
        clean: on clean frames.
        mean: over all corruptions, with its ``interval``.
        relative: what the mean retains of the clean value above the floor, in percent.
        value: the mean as a number.
    """

    metric: Metric
    clean: str
    mean: str
    interval: str
    relative: str
    value: float


@dataclass(frozen=True)
class ModelScores:
    """A model of a run.

    Attributes:
        model: its name.
        scores: one per metric, in the order of the metrics of the run.
        training: what it was trained on, as the submission states.
    """

    model: str
    scores: tuple[Score, ...]
    training: str = UNSTATED


@dataclass(frozen=True)
class RunEntry:
    """A finished run.

    Attributes:
        folder: of the run.
        key: equal for runs that can be ranked together.
        name, data, suite, protocol, day, conditions: as printed.
        frames: their number.
        models: with their scores.
        leading_task: of its metrics, as printed.
        verified: whether it is a submission that passed every check.
        replayed: what was computed again before the submission, as printed.
        checksum: of its run.json; two folders with the same are copies.
    """

    folder: Path
    key: str
    name: str
    data: str
    suite: str
    protocol: str
    day: str
    conditions: str
    frames: int
    models: tuple[ModelScores, ...]
    leading_task: str = ""
    verified: bool = False
    replayed: str = ""
    checksum: str = ""


@dataclass(frozen=True)
class UnreadableRun:
    """A folder that is not on the boards, and the reason."""

    folder: Path
    reason: str


NOT_SUBMITTED = (
    "It is a run and no submission: write one with robust-endo submit, or add --allow-unverified to list it apart"
)

_FILES = (RUN_FILE, RESULTS_FILE, SUBMISSION_FILE)

FAILURES = (
    ValueError, LookupError, TypeError, AttributeError, ArithmeticError, OSError, RuntimeError, MemoryError,
    Image.DecompressionBombError,
)  # fmt: skip
"""What a folder that looks like a run, but can contain anything, may raise."""


def read_runs(
    root: Path, exclude: Path, metrics: Sequence[str] = (), *, allow_unverified: bool = False
) -> Iterator[RunEntry | UnreadableRun]:
    """Every submission and run folder below ``root`` but none below ``exclude``, in the order of their paths.

    Runs may come from anybody: symbolic links, which could lead outside of a run, are never followed.

    Args:
        root, exclude: folders.
        metrics: names of the scores; empty for the headline metrics of each run.
        allow_unverified: whether runs that are no submissions are read, too; otherwise they are refused.
    """
    read: dict[tuple[str, bool], Path] = {}
    for folder in sorted(_run_folders(root)):
        if folder.resolve().is_relative_to(exclude.resolve()):
            continue
        run = _read(folder, root, metrics, allow_unverified)
        if isinstance(run, RunEntry) and run.checksum:
            first = read.setdefault((run.checksum, run.verified), folder)
            if first != folder:
                run = UnreadableRun(folder, f"It has the records of {first.relative_to(root)}: remove one of the two")
        yield run


def _run_folders(root: Path) -> Iterator[Path]:
    """Folders with one of the files of a run or submission, and links to such folders."""
    for name, folders, files in os.walk(root):
        if set(_FILES) & set(files):
            yield Path(name)
        for path in (Path(name, folder) for folder in folders):
            if path.is_symlink() and any((path / file).exists() for file in _FILES):
                yield path


def _read(folder: Path, root: Path, metrics: Sequence[str], allow_unverified: bool) -> RunEntry | UnreadableRun:
    if link := _link(folder):
        return UnreadableRun(folder, f"{link} is a symbolic link, which may lead out of the run: copy the run itself")
    try:
        if is_submission(folder):
            return _submitted(folder, metrics)
        if not allow_unverified:
            load_results(folder)  # its error says more
            return UnreadableRun(folder, NOT_SUBMITTED)
        return _entry(load_results(folder), folder, metrics)
    except FAILURES as error:
        # A folder that looks like a run can contain anything: it is reported, and the others are shown.
        damage = f"its {RUN_FILE} or {RESULTS_FILE} is damaged ({error!r})"
        reason = str(error) if isinstance(error, ValueError) else damage
        return UnreadableRun(folder, reason.replace(str(folder), str(folder.relative_to(root))))


def _link(folder: Path) -> str | None:
    """What is a symbolic link: the folder of a run, or a file that its report reads."""
    if folder.is_symlink():
        return "it"
    files = [folder / name for name in (RUN_FILE, RESULTS_FILE)]
    gallery = folder / INDEX.parent
    tree = [] if gallery.is_symlink() else os.walk(gallery)
    inside = [Path(name, each) for name, folders, names in tree for each in (*folders, *names)]
    return next((path.relative_to(folder).as_posix() for path in (*files, gallery, *inside) if path.is_symlink()), None)


def _submitted(folder: Path, metrics: Sequence[str]) -> RunEntry | UnreadableRun:
    """A submission that passes every check; the reasons where one does not."""
    results, problems = submission_problems(folder)
    if results is None:
        more = f" ({counted(len(problems) - 1, 'further problem')})" if len(problems) > 1 else ""
        return UnreadableRun(folder, f"{problems[0]}{more}")
    description = read_description(folder)
    entry = _entry(results, folder, metrics, description["training_data"])
    frames = int(description["replay"].get("frames") or 0)
    models = " with predictions" if description["replay"].get("models") else ""
    replayed = f"{counted(frames, 'frame')} computed again{models}" if frames else "nothing computed again"
    return replace(entry, verified=True, replayed=replayed)


def _entry(
    results: Results, folder: Path, metrics: Sequence[str], training: Mapping[str, str] = MappingProxyType({})
) -> RunEntry:
    info = results.info
    data, suite = info["data"], info["suite"]
    return RunEntry(
        folder,
        comparison_key(results),
        str(info.get("name") or folder.name),
        " · ".join(str(part) for part in (data.get("name"), data.get("split")) if part),
        str(suite.get("name", MISSING)),
        results.protocol,
        str(info.get("finished") or info.get("created") or "")[:10],
        f"{counted(len(results.corruptions), 'corruption')} at severities {', '.join(map(str, results.severities))}",
        int(results.frame["image_id"].nunique()),
        tuple(
            ModelScores(model, tuple(_scores(results, model, metrics)), str(training.get(model, UNSTATED)))
            for model in results.models
        ),
        title(results.tasks[-1].name),
        checksum=str(info.get(CHECKSUM) or ""),
    )


def _scores(results: Results, model: str, metrics: Sequence[str]) -> Iterator[Score]:
    # The first metric of a board ranks its models: the leading task is the last of the headline.
    names = with_numbers(results, list(reversed(metrics))) if metrics else headline_present(results)
    if not names:
        return
    table = results.table(names, bool(len(results.frame)))
    for metric in map(results.metric, reversed(names)):
        column, unit = table[metric.name][model], metric.unit
        value, low, high = (_at(column, ("mean", "all"), part) for part in ("value", "low", "high"))
        clean = _at(column, ("clean", "clean"), "value")
        relative = number(_retained(results, metric, clean, value))
        yield Score(metric, number(clean, unit), number(value, unit), number_range(low, high, unit), relative, value)


def _retained(results: Results, metric: Metric, clean: float, mean: float) -> float:
    """Percentage of the clean value above the floor that remains in the mean; NaN where clean is not above it."""
    floor = floor_of(results, metric.name)
    if floor is None or metric.higher_is_better is None:
        return math.nan
    sign = 1 if metric.higher_is_better else -1
    gain = sign * (clean - floor.rows["clean", "clean"])
    return 100 * sign * (mean - floor.mean) / gain if gain > 0 else math.nan


def _at(column: object, row: tuple[str, str], part: str) -> float:
    values = column[part]  # type: ignore[index]  # a pandas frame
    return float(values[row]) if row in values.index else np.nan
