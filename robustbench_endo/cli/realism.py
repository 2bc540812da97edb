"""``robust-endo realism``."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from robustbench_endo.realism.comparison import Interval, Synthesis


@click.command("realism")
@click.option("--pairs", required=True, type=click.Path(path_type=Path), help="Folder of clear/, smoky/ and pairs.csv.")
@click.option("--out", type=click.Path(path_type=Path), help="JSON file of the table.")
@click.option("--corruption", default="smoke", help="Corruption to compare with the real frames.")
@click.option("--suite", default="endo19", help="Suite, or the path of its TOML file.")
@click.option("--fitted", default="", help="Sequences that the corruption was fitted to, separated by commas.")
@click.option("--draws", default=200, type=click.IntRange(min=20), help="Resamples of the intervals.")
def realism(pairs: Path, out: Path | None, corruption: str, suite: str, fitted: str, draws: int) -> None:
    """How close a corruption is to real frames of its condition.

    Statistics of real and synthetic pairs with 95 % intervals by sequence, and the area under the curve of a classifier
    of real against synthetic frames (0.5: not distinguishable). --fitted gives those sequences a table of their own.
    """
    from robustbench_endo.errors import RobustEndoError
    from robustbench_endo.io_utils import write_json
    from robustbench_endo.realism.comparison import compare_pairs
    from robustbench_endo.realism.pairs import read_pairs

    every = read_pairs(pairs)
    names = {part.strip() for part in fitted.split(",") if part.strip()}
    groups = {"all": every}
    if names:
        groups = {
            "fitted": [pair for pair in every if pair.sequence in names],
            "held-out": [pair for pair in every if pair.sequence not in names],
        }
    for group, members in groups.items():
        if len({pair.sequence for pair in members}) < 2:
            raise RobustEndoError(f"Expected at least 2 {group} sequences, got fewer: change --fitted.")
    conditions = {f"severity {level}": _synthesis(corruption, level, suite) for level in range(1, 6)}
    tables = {group: compare_pairs(members, conditions, draws) for group, members in groups.items()}
    for group, table in tables.items():
        _print(f"{corruption}, {group} sequences", table)
    if out:
        write_json(out, {group: _without_nan(table) for group, table in tables.items()})


def _without_nan(table: dict[str, Interval]) -> dict[str, dict[str, list[float | None]]]:
    return {
        name: {key: [None if math.isnan(value) else value for value in values] for key, values in row.items()}
        for name, row in table.items()
    }


def _synthesis(corruption: str, severity: int, suite: str) -> Synthesis:
    from robustbench_endo.corruptions import corrupt

    return lambda frame, image_id: corrupt(frame, corruption, severity, ids=image_id, suite=suite)


def _print(title: str, table: dict[str, Interval]) -> None:
    from rich.console import Console
    from rich.table import Table

    cells = Table("statistic", *table, title=title)
    for key in table["severity 1"]:
        values = [row.get(key) for row in table.values()]
        cells.add_row(key, *("" if v is None else f"{v[0]:.2f} [{v[1]:.2f}, {v[2]:.2f}]" for v in values))
    Console(width=180).print(cells)
