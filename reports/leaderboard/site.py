"""A static site of many submissions: boards of models that can be ranked together, with links to their reports."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from robustbench_endo.errors import RunError
from robustbench_endo.io_utils import write_atomically
from robustbench_endo.reports.data.report_data import report_data
from robustbench_endo.reports.formatting import counted
from robustbench_endo.reports.html import html
from robustbench_endo.reports.leaderboard.boards import Board, boards_of
from robustbench_endo.reports.leaderboard.compare_page import render
from robustbench_endo.reports.leaderboard.runs import FAILURES, RunEntry, UnreadableRun, read_runs
from robustbench_endo.results import load_results


def write_site(
    root: str | Path, out: str | Path, metrics: Sequence[str] = (), *, allow_unverified: bool = False
) -> Path:
    """Write ``index.html`` for all submissions below ``root``, with their reports, made again from their records.

    Only submissions that pass every check are listed. Those of other data, another suite, resolution, seed, protocol,
    other corruptions or severities are on a separate board. What is refused or cannot be read, or lacks a metric, is
    listed with the reason.

    Args:
        root: folder of submissions.
        out: folder of the site.
        metrics: names of the scores, the first ranks; empty for one board per task.
        allow_unverified: whether runs that are no submissions are on boards of their own, with a warning.

    Returns:
        The index.

    Raises:
        RunError: no folder ``root``, no run in it, or ``out`` cannot be written.
    """
    return build_site(root, out, metrics, allow_unverified=allow_unverified)[0]


def build_site(
    root: str | Path, out: str | Path, metrics: Sequence[str] = (), *, allow_unverified: bool = False
) -> tuple[Path, int, list[tuple[str, str]]]:
    """As :func:`write_site`: the index, the number of listed runs, and (folder, reason) of those that are not."""
    root, out = Path(root), Path(out)
    if not root.is_dir():
        raise RunError(f"Expected a folder of runs, got no folder {root}: give the one that contains your submissions.")
    runs = list(read_runs(root, out, metrics, allow_unverified=allow_unverified))
    if not runs:
        raise RunError(
            f"Expected submissions below {root}, got none: give the parent of robust-endo submit's --out folders."
        )
    refused = [(str(run.folder.relative_to(root)), run.reason) for run in runs if isinstance(run, UnreadableRun)]
    entries = [run for run in runs if isinstance(run, RunEntry)]
    try:
        out.mkdir(parents=True, exist_ok=True)
        return _write(entries, refused, root, out, together=bool(metrics)), len(entries), refused
    except OSError as error:
        raise RunError(f"Cannot write the site to {out}: {error.strerror or error}. Choose another folder.") from error


def _write(
    entries: Sequence[RunEntry], refused: Sequence[tuple[str, str]], root: Path, out: Path, *, together: bool
) -> Path:
    links = {run.folder: _write_report(run.folder, root, out) for run in entries}
    verified, unverified = (
        _boards([run for run in entries if run.verified is kind], links, together) for kind in (True, False)
    )
    submissions = counted(sum(run.verified for run in entries), "verified submission")
    page = render(
        "leaderboard.html.j2",
        title="Leaderboard",
        kicker="Robustness",
        subtitle=f"{submissions} on {counted(len(verified), 'board')}",
        boards=verified,
        unverified=unverified,
        refused=refused,
        filters=_filters([*verified, *unverified]),
    )
    write_atomically(out / "index.html", page.encode())
    return out / "index.html"


def _boards(runs: Sequence[RunEntry], links: Mapping[Path, str], together: bool) -> list[Board]:
    keys = dict.fromkeys(run.key for run in runs)
    return [board for key in keys for board in boards_of([run for run in runs if run.key == key], links, together)]


def _filters(boards: Sequence[Board]) -> list[tuple[str, str, list[str]]]:
    """Name, label and values of each filter; one with a single value would do nothing."""
    values: dict[str, tuple[str, set[Any]]] = {
        "data": ("Data", {board.run.data for board in boards}),
        "task": ("Task", {board.task for board in boards}),
        "training": ("Training data", {row.model.training for board in boards for row in board.rows}),
        "suite": ("Suite", {board.run.suite for board in boards}),
        "protocol": ("Protocol", {board.run.protocol for board in boards}),
    }
    return [(name, label, sorted(each)) for name, (label, each) in values.items() if len(each) > 1]


def _write_report(folder: Path, root: Path, out: Path) -> str:
    """Write the report of a run from its records: a page that lies in the folder could contain anything.

    Returns:
        Its address relative to the site; empty where no report can be made.
    """
    try:
        page = html(report_data(load_results(folder)))
    except FAILURES:  # the index says that there is no report
        return ""
    # A path becomes one name; the digest distinguishes paths whose names become equal.
    relative = folder.relative_to(root).as_posix()
    safe = re.sub(r"[^A-Za-z0-9_-]+", "-", relative).strip("-")[:100] or "run"
    name = safe if safe == relative else f"{safe}-{hashlib.sha256(relative.encode()).hexdigest()[:8]}"
    (out / "reports").mkdir(exist_ok=True)
    write_atomically(out / "reports" / f"{name}.html", page.encode())
    return f"reports/{name}.html"
