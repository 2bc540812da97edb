"""What a leaderboard shows of a run, and which runs may stand in one ranking."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from robustbench_endo.reports.data.metrics import headline_present, metric
from robustbench_endo.reports.formatting import ABSENT, number
from robustbench_endo.results import Bootstrap, load_results
from robustbench_endo.results.combine import comparison_key
from robustbench_endo.results.io import RESULTS_FILE, RUN_FILE
from robustbench_endo.results.metric_info import MetricInfo

if TYPE_CHECKING:
    from robustbench_endo.results import Results

QUICK = Bootstrap(resamples=1_000)


@dataclass(frozen=True)
class Score:
    """A metric of a model as printed: clean, mean of all corruptions with its interval, share kept; and that mean."""

    metric: MetricInfo
    clean: str
    mean: str
    ends: str
    kept: str
    value: float


@dataclass(frozen=True)
class Standing:
    """A model of a run; ``complete`` unless a condition of the run lacks its records."""

    model: str
    scores: tuple[Score, ...]
    complete: bool


@dataclass(frozen=True)
class Entry:
    """A finished run.

    Attributes:
        folder: where it lies.
        key: equal for runs that may be ranked together.
        name, data, suite, protocol, day: what its readers call them.
        conditions: its damage in words.
        frames: how many.
        standings: its models.
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
    standings: tuple[Standing, ...]


@dataclass(frozen=True)
class Broken:
    """A run folder that cannot be read, and why."""

    folder: Path
    reason: str


def read_entries(root: Path, besides: Path) -> Iterator[Entry | Broken]:
    """Every run folder below ``root``, in the order of their paths; nothing below ``besides`` is looked at."""
    found = {path.parent for name in (RUN_FILE, RESULTS_FILE) for path in root.rglob(name)}
    for folder in sorted(found):
        if not folder.resolve().is_relative_to(besides.resolve()):
            yield _read(folder, root)


def _read(folder: Path, root: Path) -> Entry | Broken:
    try:
        return _entry(load_results(folder), folder)
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, OSError) as error:
        # Anything may lie in a folder that looks like a run: it is listed, and the others are shown.
        damage = f"its {RUN_FILE} or {RESULTS_FILE} is damaged ({error!r})"
        reason = str(error) if isinstance(error, ValueError) else damage
        return Broken(folder, reason.replace(str(folder), str(folder.relative_to(root))))


def _entry(results: Results, folder: Path) -> Entry:
    info = results.info
    data, suite = info["data"], info["suite"]
    return Entry(
        folder,
        comparison_key(results),
        str(info.get("name") or folder.name),
        " · ".join(str(part) for part in (data.get("name"), data.get("split")) if part),
        str(suite.get("name", ABSENT)),
        results.protocol,
        str(info.get("finished") or info.get("created") or "")[:10],
        f"{len(results.corruptions)} corruptions at severities {', '.join(map(str, results.severities))}",
        int(results.frame["image_id"].nunique()),
        tuple(_standing(results, model) for model in results.models),
    )


def _standing(results: Results, model: str) -> Standing:
    scores = results.scores()
    mine = scores[scores["model"] == model]
    have = set(zip(mine["corruption"], mine["severity"], strict=True))
    wanted = {("clean", 0), *((name, severity) for name in results.corruptions for severity in results.severities)}
    return Standing(model, tuple(_scores(results, model)), wanted <= have)


def _scores(results: Results, model: str) -> Iterator[Score]:
    names = headline_present(results)
    if not names:
        return
    table = results.table(names, QUICK if len(results.frame) else False)
    for name in reversed(names):
        column, unit = table[name][model], metric(name).unit
        value, low, high = (_at(column, ("mean", "all"), part) for part in ("value", "low", "high"))
        clean = _at(column, ("clean", "clean"), "value")
        ends = f"{number(low, unit)} to {number(high, unit)}" if math.isfinite(low + high) else ""
        kept = number(100 * value / clean if clean > 0 else math.nan)
        yield Score(metric(name), number(clean, unit), number(value, unit), ends, kept, value)


def _at(column: object, row: tuple[str, str], part: str) -> float:
    found = column[part]  # type: ignore[index]  # a pandas frame
    return float(found[row]) if row in found.index else np.nan
