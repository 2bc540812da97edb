"""Boards: order, ranges of ranks, groups of ties, models without a number."""

import math
from pathlib import Path

import pytest

from robustbench_endo.reports.leaderboard import boards
from robustbench_endo.reports.leaderboard.boards import boards_of
from robustbench_endo.reports.leaderboard.runs import ModelScores, RunEntry, Score


@pytest.fixture
def metrics(make_run):
    run = make_run(models=["a"], corruptions=["smoke"], severities=[1], gallery=False)
    return run.metric("miou"), run.metric("accuracy"), run.metric("hd95")


def entry(metric, values: dict[str, float], folder: str = "run") -> RunEntry:
    models = tuple(ModelScores(name, (Score(metric, "", f"{value}", "", "", value),)) for name, value in values.items())
    return RunEntry(Path(folder), "key", folder, "data", "endo19", "standard", "", "", 9, models, "Segmentation")


@pytest.fixture
def ranked(monkeypatch):
    """A function that replaces the ranks of the comparison by others."""

    def replace(ranks):
        table = {(Path("run"), name): ends for name, ends in ranks.items()}
        monkeypatch.setattr(boards, "_possible_ranks", lambda *_: table)

    return replace


def test_groups_of_ties_begin_where_all_above_are_better(metrics, ranked):
    ranked({"a": (1, 2), "b": (1, 3), "c": (2, 3), "d": (4, 4), "e": (5, 6), "f": (5, 6)})
    run = entry(metrics[0], dict(zip("abcdef", (9.0, 8, 7, 6, 5, 4), strict=True)))
    (board,) = boards_of([run], {Path("run"): ""}, together=False)
    assert [row.rank for row in board.rows] == ["1 to 2", "1 to 3", "2 to 3", "4", "5 to 6", "5 to 6"]
    assert [row.model.model for row in board.rows if row.below] == ["d", "e"]
    assert board.task == "Segmentation"


def test_smaller_is_better_for_distances(metrics, ranked):
    ranked({"a": (1, 2), "b": (1, 2)})
    (board,) = boards_of([entry(metrics[2], {"a": 9.0, "b": 4.0})], {Path("run"): ""}, together=False)
    assert [row.model.model for row in board.rows] == ["b", "a"]


def test_model_without_a_number_is_last_and_has_no_rank(metrics):
    (board,) = boards_of([entry(metrics[0], {"a": math.nan, "b": 4.0})], {Path("run"): ""}, together=False)
    assert [(row.model.model, row.rank) for row in board.rows] == [("b", "1"), ("a", "–")]


def test_each_metric_has_a_board_unless_they_are_together(metrics):
    scores = tuple(Score(metric, "", "1", "", "", 1.0) for metric in metrics[:2])
    run = RunEntry(Path("run"), "", "", "", "", "", "", "", 9, (ModelScores("a", scores),), "Segmentation")
    separate = boards_of([run], {Path("run"): ""}, together=False)
    assert [board.task for board in separate] == ["Segmentation", "Activity"]
    (board,) = boards_of([run], {Path("run"): ""}, together=True)
    assert board.metrics == metrics[:2]
    assert board.score(board.rows[0], metrics[2]).mean == "–"
