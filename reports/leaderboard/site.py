"""A static site of many runs: a board for those that may be ranked together, and their reports beside it."""

from __future__ import annotations

import hashlib
import math
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from robustbench_endo.errors import RunError
from robustbench_endo.reports.formatting import ABSENT, counted
from robustbench_endo.reports.leaderboard.compare_page import rendered
from robustbench_endo.reports.leaderboard.runs import Broken, Entry, Score, Standing, read_entries
from robustbench_endo.results.io import write_whole
from robustbench_endo.results.metric_info import MetricInfo

REPORT = "report.html"


@dataclass(frozen=True)
class Place:
    """A row of a board: its rank as printed, the model, its run, and where the copy of the report lies, if any."""

    rank: str
    standing: Standing
    entry: Entry
    link: str


@dataclass(frozen=True)
class Board:
    """Runs of the same data, suite and protocol; ``metrics`` are those of its columns, the ranking one first."""

    entry: Entry
    metrics: tuple[MetricInfo, ...]
    places: tuple[Place, ...]

    def score(self, place: Place, metric: MetricInfo) -> Score:
        """What the place has for a metric; dashes where it has nothing."""
        for score in place.standing.scores:
            if score.metric == metric:
                return score
        return Score(metric, ABSENT, ABSENT, "", ABSENT, math.nan)


def write_site(root: str | Path, out: str | Path) -> Path:
    """Write ``index.html`` for all runs below ``root`` and copy each run's report.html beside it.

    Runs of other data, another suite, resolution, seed, protocol, other corruptions or severities stand on a board of
    their own. What cannot be read is listed as such.

    Returns:
        The index.

    Raises:
        RunError: no folder ``root``, no run in it, or ``out`` cannot be written.
    """
    root, out = Path(root), Path(out)
    if not root.is_dir():
        raise RunError(f"Expected a folder of runs, got no folder {root}: give the one that holds your run folders.")
    found = list(read_entries(root, out))
    if not found:
        raise RunError(f"Expected run folders below {root}, got none: give the parent of robust-endo's --out folders.")
    try:
        out.mkdir(parents=True, exist_ok=True)
        return _write(found, root, out)
    except OSError as error:
        raise RunError(
            f"Expected a folder that can be written for the site, got {out} ({error.strerror or error}): "
            "choose another."
        ) from error


def _write(found: Sequence[Entry | Broken], root: Path, out: Path) -> Path:
    entries = [one for one in found if isinstance(one, Entry)]
    links = {entry.folder: _copied(entry.folder, root, out) for entry in entries}
    keys = dict.fromkeys(entry.key for entry in entries)
    boards = [_board([entry for entry in entries if entry.key == key], links) for key in keys]
    page = rendered(
        "leaderboard.html.j2",
        title="Leaderboard",
        kicker="Robustness",
        subtitle=f"{counted(len(entries), 'run')} on {counted(len(boards), 'board')}",
        boards=boards,
        broken=[(str(one.folder.relative_to(root)), one.reason) for one in found if isinstance(one, Broken)],
        filters=[
            (name, label, sorted({getattr(entry, name) for entry in entries}))
            for name, label in (("data", "Data"), ("suite", "Suite"), ("protocol", "Protocol"))
        ],
    )
    index = out / "index.html"
    write_whole(index, lambda file: file.write(page.encode()))
    return index


def _board(entries: Sequence[Entry], links: dict[Path, str]) -> Board:
    standings = [(standing, entry) for entry in entries for standing in entry.standings]
    metrics = tuple(dict.fromkeys(score.metric for standing, _ in standings for score in standing.scores))
    order = sorted(standings, key=lambda one: _order(one[0], metrics))
    values = [_ranked(standing, metrics) for standing, _ in order]
    places = (
        Place(_rank(value, values), standing, entry, links[entry.folder])
        for (standing, entry), value in zip(order, values, strict=True)
    )
    return Board(entries[0], metrics, tuple(places))


def _ranked(standing: Standing, metrics: Sequence[MetricInfo]) -> float | None:
    """The larger the better; None for what is not ranked: no number, or a mean over fewer conditions."""
    for score in standing.scores:
        if metrics and score.metric == metrics[0] and standing.complete and math.isfinite(score.value):
            return score.value if score.metric.higher_is_better else -score.value
    return None


def _order(standing: Standing, metrics: Sequence[MetricInfo]) -> tuple[bool, float, str]:
    value = _ranked(standing, metrics)
    return value is None, 0.0 if value is None else -value, standing.model


def _rank(value: float | None, all_values: Sequence[float | None]) -> str:
    """Equal values share the better rank."""
    if value is None:
        return ABSENT
    return str(1 + sum(other is not None and other > value for other in all_values))


def _copied(folder: Path, root: Path, out: Path) -> str:
    """Copy the run's report and return its address relative to the site; empty without one."""
    if not (folder / REPORT).is_file():
        return ""
    # Paths become one name each; the place in the tree keeps names that look alike apart.
    relative = folder.relative_to(root).as_posix()
    safe = re.sub(r"[^A-Za-z0-9_-]+", "-", relative).strip("-") or "run"
    name = safe if safe == relative else f"{safe}-{_digest(relative)}"
    (out / "reports").mkdir(exist_ok=True)
    shutil.copyfile(folder / REPORT, out / "reports" / f"{name}.html")
    return f"reports/{name}.html"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]
