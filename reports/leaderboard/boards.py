"""Boards: the models of runs that can be ranked together, by one metric, with the ranks that the comparison allows."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from robustbench_endo.metrics.base import Metric
from robustbench_endo.reports.data.comparison import rank_range
from robustbench_endo.reports.formatting import MISSING, title
from robustbench_endo.reports.leaderboard.runs import ModelScores, RunEntry, Score
from robustbench_endo.results import Results, combine_runs, compare, load_results
from robustbench_endo.results.combine import combined_names

Ranks = Mapping[tuple[Path, str], tuple[float, float]]
"""(run, model) -> the first and last rank that the significant pairs leave open."""


@dataclass(frozen=True)
class BoardRow:
    """A row of a leaderboard.

    Attributes:
        rank: as printed: one rank, or the ranks that the comparison leaves open, such as ``1 to 3``.
        model: with its scores.
        run: of the model.
        link: address of the report; empty without one.
        below: whether it is significantly worse than all rows above it: a new group of ties begins.
    """

    rank: str
    model: ModelScores
    run: RunEntry
    link: str
    below: bool = False


@dataclass(frozen=True)
class Board:
    """Models that can be ranked together.

    Attributes:
        run: the first of their runs.
        task: of the ranking metric, as printed.
        metrics: of the columns, the ranking one first.
        rows: in the order of their ranks.
    """

    run: RunEntry
    task: str
    metrics: tuple[Metric, ...]
    rows: tuple[BoardRow, ...]

    def score(self, row: BoardRow, metric: Metric) -> Score:
        """The score of a row by a metric; dashes where it has none."""
        return _score(row.model, metric.name) or Score(metric, MISSING, MISSING, "", MISSING, math.nan)


def boards_of(runs: Sequence[RunEntry], links: Mapping[Path, str], together: bool) -> list[Board]:
    """The boards of runs that can be ranked together.

    Args:
        runs: of the same key.
        links: folder of a run -> address of its report.
        together: one board with all metrics, of which the first ranks; otherwise one board per metric.
    """
    models = [(model, run) for run in runs for model in run.models]
    by_name = {score.metric.name: score.metric for model, _ in models for score in model.scores}
    groups = [tuple(by_name.values())] if together else [(metric,) for metric in by_name.values()]
    return [_board(runs, models, metrics, links) for metrics in groups or [()]]


def _board(
    runs: Sequence[RunEntry],
    models: Sequence[tuple[ModelScores, RunEntry]],
    metrics: tuple[Metric, ...],
    links: Mapping[Path, str],
) -> Board:
    ordered = sorted(models, key=lambda pair: _order(pair[0], metrics))
    ranked = [(model, run) for model, run in ordered if _ranking_value(model, metrics) is not None]
    ranks = _possible_ranks(ranked, metrics[0]) if ranked else {}
    rows, worst = [], 0.0
    for model, run in ordered:
        low, high = ranks.get((run.folder, model.model), (math.nan, math.nan))
        rows.append(BoardRow(rank_range(low, high), model, run, links[run.folder], below=0 < worst < low))
        worst = max(worst, high) if math.isfinite(high) else worst
    task = metrics[0].task if metrics else None
    return Board(runs[0], title(task) if task else runs[0].leading_task, metrics, tuple(rows))


def _possible_ranks(ranked: Sequence[tuple[ModelScores, RunEntry]], metric: Metric) -> Ranks:
    """By one metric; models that tie share ranks, and so do all where a metric has no direction."""
    if len(ranked) == 1 or metric.higher_is_better is None:
        return {(run.folder, model.model): (1, len(ranked)) for model, run in ranked}
    models: dict[Path, list[str]] = {}
    for model, run in ranked:
        models.setdefault(run.folder, []).append(model.model)
    results = [_only(load_results(folder), names) for folder, names in models.items()]
    combined = combine_runs(results)
    if len(combined.methods) < 2:  # training seeds of one method
        return {(run.folder, model.model): (1, 1) for model, run in ranked}
    of_model = _ranks_of_methods(combined, metric)
    return {
        (folder, model): of_model[name]
        for folder, by_model in zip(models, combined_names(results), strict=True)
        for model, name in by_model.items()
    }


def _ranks_of_methods(combined: Results, metric: Metric) -> dict[str, tuple[float, float]]:
    """Model -> the lowest and the highest rank of its method."""
    ranks = compare(combined, [metric.name]).ranks.set_index("model")
    return {
        model: (float(ranks.loc[method, "low"]), float(ranks.loc[method, "high"]))
        for method, members in combined.methods.items()
        for model in members
    }


def _only(results: Results, models: Sequence[str]) -> Results:
    """The results of some models."""
    entries = [entry for entry in results.info["models"] if entry["name"] in models]
    frame = results.frame[results.frame["model"].isin(models)]
    return replace(results, frame=frame, info={**results.info, "models": entries})


def _ranking_value(model: ModelScores, metrics: Sequence[Metric]) -> float | None:
    """Higher is better; None for a model without a rank: no number."""
    score = _score(model, metrics[0].name) if metrics else None
    if score is None or not math.isfinite(score.value):
        return None
    return -score.value if score.metric.higher_is_better is False else score.value


def _order(model: ModelScores, metrics: Sequence[Metric]) -> tuple[bool, float, str]:
    value = _ranking_value(model, metrics)
    return value is None, 0.0 if value is None else -value, model.model


def _score(model: ModelScores, metric: str) -> Score | None:
    return next((score for score in model.scores if score.metric.name == metric), None)
