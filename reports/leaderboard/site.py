"""A static site of many runs: a leaderboard for those that can be ranked together, with links to their reports."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from robustbench_endo.errors import RunError
from robustbench_endo.io_utils import write_atomically
from robustbench_endo.metrics.base import Metric
from robustbench_endo.reports.data.comparison import rank_range
from robustbench_endo.reports.data.report_data import report_data
from robustbench_endo.reports.formatting import MISSING, counted
from robustbench_endo.reports.html import html
from robustbench_endo.reports.leaderboard.compare_page import render
from robustbench_endo.reports.leaderboard.runs import FAILURES, ModelScores, RunEntry, Score, UnreadableRun, read_runs
from robustbench_endo.results import Results, combine_runs, compare, load_results
from robustbench_endo.results.combine import combined_names


@dataclass(frozen=True)
class BoardRow:
    """A row of a leaderboard.

    Attributes:
        rank: as printed: one rank, or the ranks that the comparison leaves open, such as ``1 to 3``.
        model: with its scores.
        run: of the model.
        link: address of the report; empty without one.
    """

    rank: str
    model: ModelScores
    run: RunEntry
    link: str


@dataclass(frozen=True)
class Board:
    """Runs that can be ranked together.

    Attributes:
        run: the first of them.
        metrics: of the columns, the ranking one first.
        rows: in the order of their ranks.
    """

    run: RunEntry
    metrics: tuple[Metric, ...]
    rows: tuple[BoardRow, ...]

    def score(self, row: BoardRow, metric: Metric) -> Score:
        """The score of a row by a metric; dashes where it has none."""
        for score in row.model.scores:
            if score.metric.name == metric.name:
                return score
        return Score(metric, MISSING, MISSING, "", MISSING, math.nan)


def write_site(root: str | Path, out: str | Path, metrics: Sequence[str] = ()) -> Path:
    """Write ``index.html`` for all runs below ``root``, with their reports, made again from their records.

    Runs of other data, another suite, resolution, seed, protocol, other corruptions or severities are on a separate
    leaderboard. Runs that cannot be read, or lack a metric, are listed.

    Args:
        root: folder of runs.
        out: folder of the site.
        metrics: names of the scores, the first ranks; empty for one per task.

    Returns:
        The index.

    Raises:
        RunError: no folder ``root``, no run in it, or ``out`` cannot be written.
    """
    root, out = Path(root), Path(out)
    if not root.is_dir():
        raise RunError(f"Expected a folder of runs, got no folder {root}: give the one that contains your run folders.")
    runs = list(read_runs(root, out, metrics))
    if not runs:
        raise RunError(f"Expected run folders below {root}, got none: give the parent of robust-endo's --out folders.")
    try:
        out.mkdir(parents=True, exist_ok=True)
        return _write(runs, root, out)
    except OSError as error:
        raise RunError(f"Cannot write the site to {out}: {error.strerror or error}. Choose another folder.") from error


def _write(runs: Sequence[RunEntry | UnreadableRun], root: Path, out: Path) -> Path:
    entries = [run for run in runs if isinstance(run, RunEntry)]
    unreadable = [run for run in runs if isinstance(run, UnreadableRun)]
    links = {run.folder: _write_report(run.folder, root, out) for run in entries}
    keys = dict.fromkeys(run.key for run in entries)
    boards = [_board([run for run in entries if run.key == key], links) for key in keys]
    page = render(
        "leaderboard.html.j2",
        title="Leaderboard",
        kicker="Robustness",
        subtitle=f"{counted(len(entries), 'run')} on {counted(len(boards), 'leaderboard')}",
        boards=boards,
        unreadable=[(str(run.folder.relative_to(root)), run.reason) for run in unreadable],
        filters=[
            (name, label, sorted({getattr(run, name) for run in entries}))
            for name, label in (("data", "Data"), ("suite", "Suite"), ("protocol", "Protocol"))
        ],
    )
    index = out / "index.html"
    write_atomically(index, page.encode())
    return index


def _board(runs: Sequence[RunEntry], links: dict[Path, str]) -> Board:
    models = [(model, run) for run in runs for model in run.models]
    by_name = {score.metric.name: score.metric for model, _ in models for score in model.scores}
    metrics = tuple(by_name.values())
    ordered = sorted(models, key=lambda pair: _order(pair[0], metrics))
    ranked = [(model, run) for model, run in ordered if _ranking_value(model, metrics) is not None]
    ranks = _possible_ranks(ranked, metrics[0].name) if ranked else {}
    rows = [
        BoardRow(ranks.get((run.folder, model.model), MISSING), model, run, links[run.folder]) for model, run in ordered
    ]
    return Board(runs[0], metrics, tuple(rows))


def _possible_ranks(ranked: Sequence[tuple[ModelScores, RunEntry]], metric: str) -> dict[tuple[Path, str], str]:
    """(run, model) -> the ranks that the significant pairs leave open, by one metric; models that tie share them."""
    if len(ranked) == 1:
        return {(run.folder, model.model): "1" for model, run in ranked}
    models: dict[Path, list[str]] = {}
    for model, run in ranked:
        models.setdefault(run.folder, []).append(model.model)
    results = [_only(load_results(folder), names) for folder, names in models.items()]
    combined = combine_runs(results)
    ranks = compare(combined, [metric]).ranks.set_index("model")
    of_model = {
        model: rank_range(*ranks.loc[method, ["low", "high"]])
        for method, members in combined.methods.items()
        for model in members
    }
    return {
        (folder, model): of_model[name]
        for folder, by_model in zip(models, combined_names(results), strict=True)
        for model, name in by_model.items()
    }


def _only(results: Results, models: Sequence[str]) -> Results:
    """The results of some models."""
    entries = [entry for entry in results.info["models"] if entry["name"] in models]
    frame = results.frame[results.frame["model"].isin(models)]
    return replace(results, frame=frame, info={**results.info, "models": entries})


def _ranking_value(model: ModelScores, metrics: Sequence[Metric]) -> float | None:
    """Higher is better; None for a model without a rank: no number."""
    for score in model.scores:
        if metrics and score.metric.name == metrics[0].name and math.isfinite(score.value):
            return score.value if score.metric.higher_is_better else -score.value
    return None


def _order(model: ModelScores, metrics: Sequence[Metric]) -> tuple[bool, float, str]:
    value = _ranking_value(model, metrics)
    return value is None, 0.0 if value is None else -value, model.model


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
