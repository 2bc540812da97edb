"""The runs of a leaderboard: their scores, and which of them can be ranked together."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from robustbench_endo.metrics.base import Metric
from robustbench_endo.reports.data.floors import floor_of
from robustbench_endo.reports.data.metrics import headline_present, with_numbers
from robustbench_endo.reports.formatting import MISSING, number, number_range
from robustbench_endo.results import load_results
from robustbench_endo.results.combine import comparison_key
from robustbench_endo.results.gallery import INDEX
from robustbench_endo.results.integrity import RESULTS_FILE, RUN_FILE

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
    """A model of a run."""

    model: str
    scores: tuple[Score, ...]


@dataclass(frozen=True)
class RunEntry:
    """A finished run.

    Attributes:
        folder: of the run.
        key: equal for runs that can be ranked together.
        name, data, suite, protocol, day, conditions: as printed.
        frames: their number.
        models: with their scores.
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


@dataclass(frozen=True)
class UnreadableRun:
    """A run folder that cannot be read, and the reason."""

    folder: Path
    reason: str


FAILURES = (
    ValueError, LookupError, TypeError, AttributeError, ArithmeticError, OSError, RuntimeError, MemoryError,
    Image.DecompressionBombError,
)  # fmt: skip
"""What a folder that looks like a run, but can contain anything, may raise."""


def read_runs(root: Path, exclude: Path, metrics: Sequence[str] = ()) -> Iterator[RunEntry | UnreadableRun]:
    """Every run folder below ``root`` but none below ``exclude``, in the order of their paths.

    Runs may come from anybody: symbolic links, which could lead outside of a run, are never followed.

    Args:
        root, exclude: folders.
        metrics: names of the scores; empty for the headline metrics of each run.
    """
    for folder in sorted(_run_folders(root)):
        if not folder.resolve().is_relative_to(exclude.resolve()):
            yield _read(folder, root, metrics)


def _run_folders(root: Path) -> Iterator[Path]:
    """Folders with one of the two files of a run, and links to such folders."""
    for name, folders, files in os.walk(root):
        if {RUN_FILE, RESULTS_FILE} & set(files):
            yield Path(name)
        for path in (Path(name, folder) for folder in folders):
            if path.is_symlink() and any((path / file).exists() for file in (RUN_FILE, RESULTS_FILE)):
                yield path


def _read(folder: Path, root: Path, metrics: Sequence[str]) -> RunEntry | UnreadableRun:
    if link := _link(folder):
        return UnreadableRun(folder, f"{link} is a symbolic link, which may lead out of the run: copy the run itself")
    try:
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


def _entry(results: Results, folder: Path, metrics: Sequence[str]) -> RunEntry:
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
        f"{len(results.corruptions)} corruptions at severities {', '.join(map(str, results.severities))}",
        int(results.frame["image_id"].nunique()),
        tuple(ModelScores(model, tuple(_scores(results, model, metrics))) for model in results.models),
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
