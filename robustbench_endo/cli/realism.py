"""``robust-endo realism``."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Sequence

    from robustbench_endo.realism.comparison import Interval, Measurements, Synthesis
    from robustbench_endo.realism.pairs import Pair

POOLED = (2, 3, 4)
"""Severities of the pooled synthetic column: real pairs are of thin to dense smoke, too."""


@click.command("realism")
@click.option("--pairs", required=True, type=click.Path(path_type=Path), help="Folder of clear/, smoky/ and pairs.csv.")
@click.option("--out", type=click.Path(path_type=Path), help="JSON file of the table.")
@click.option("--corruption", default="smoke", help="Corruption to compare with the real frames.")
@click.option("--suite", default="endo19", help="Suite, or the path of its TOML file.")
@click.option(
    "--fitted",
    help="Sequences that the corruption was fitted to, separated by commas. Default: those of smoke, where the pairs "
    "have them.",
)
@click.option("--draws", default=200, type=click.IntRange(min=20), help="Resamples of the intervals.")
def realism(pairs: Path, out: Path | None, corruption: str, suite: str, fitted: str | None, draws: int) -> None:
    """How close a corruption is to real frames of its condition.

    Statistics of real and synthetic pairs with 95 % intervals by sequence, and the area under the curve of a classifier
    of real against synthetic frames (0.5: not distinguishable). --fitted gives those sequences and the others tables of
    their own.
    """
    from robustbench_endo.io_utils import write_json
    from robustbench_endo.realism.comparison import compare_measurements
    from robustbench_endo.realism.pairs import read_pairs

    every = read_pairs(pairs)
    groups = _groups(every, fitted, corruption)
    measured = _measure(every, corruption, suite)
    tables = {group: compare_measurements(measured, draws, names) for group, names in groups.items()}
    for group, table in tables.items():
        _print(f"{corruption}, {group} sequences", table)
    if out:
        write_json(out, {group: without_nan(table) for group, table in tables.items()})


def _groups(pairs: Sequence[Pair], fitted: str | None, corruption: str) -> dict[str, set[str]]:
    """The sequences of each table: all, and where some are fitted those and the others."""
    from robustbench_endo.errors import RobustEndoError
    from robustbench_endo.realism.smoke_statistics import FIT_SEQUENCES

    sequences = {pair.sequence for pair in pairs}
    if fitted is None:
        names = set(FIT_SEQUENCES) if corruption == "smoke" and sequences > set(FIT_SEQUENCES) else set()
    else:
        names = {part.strip() for part in fitted.split(",") if part.strip()}
    groups = {"all": sequences}
    if names:
        groups |= {"fitted": sequences & names, "held-out": sequences - names}
    for group, members in groups.items():
        if len(members) < 2:
            raise RobustEndoError(f"Expected at least 2 {group} sequences, got {len(members)}: change --fitted.")
    return groups


def _measure(pairs: Sequence[Pair], corruption: str, suite: str) -> Measurements:
    from robustbench_endo.realism.comparison import measure_conditions

    measured = measure_conditions(pairs, {f"severity {k}": _synthesis(corruption, k, suite) for k in range(1, 6)})
    pooled = [item for level in POOLED for item in measured[f"severity {level}"]]
    return measured | {f"severities {POOLED[0]}-{POOLED[-1]}": pooled}


def without_nan(table: dict[str, Interval]) -> dict[str, dict[str, list[float | None]]]:
    """The table with None, which JSON has, in place of nan."""
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
        cells.add_row(key, *(_cell(row.get(key)) for row in table.values()))
    Console(width=200).print(cells)


def _cell(values: list[float] | None) -> str:
    match values:
        case [count]:
            return f"{count:.0f}"
        case [value, low, high]:
            return f"{value:.2f} [{low:.2f}, {high:.2f}]"
        case _:
            return ""
