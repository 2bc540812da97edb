"""``robust-endo realism``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from robustbench_endo.cli.command import command, option
from robustbench_endo.cli.output_path import OutputPath

if TYPE_CHECKING:
    from collections.abc import Sequence

    from robustbench_endo.realism.comparison import Interval, Measurements, Synthesis
    from robustbench_endo.realism.pairs import Pair

POOLED = (2, 3, 4)
"""Severities of the pooled synthetic column: real pairs are of thin to dense smoke, too."""


@command(
    short="Compare a corruption with real degraded frames.",
    examples=(
        "robust-endo realism --pairs pairs --montage montage.png",
        "robust-endo realism --run runs/segstrong --synthetic-run runs/synthetic",
    ),
)
@option("--pairs", metavar="DIR", type=click.Path(path_type=Path), help="Folder of clear/, smoky/ and pairs.csv.")
@option(
    "--run",
    "run_folder",
    metavar="RUN",
    type=click.Path(path_type=Path),
    help="Run of 6 or more models with recorded conditions.",
)
@option(
    "--synthetic-run",
    metavar="RUN",
    type=click.Path(path_type=Path),
    help="Run of the same models with the corruptions, where that of --run has the recorded conditions only.",
)
@option(
    "--scores",
    nargs=2,
    type=click.Path(path_type=Path),
    metavar="RECORDED SYNTHETIC",
    help="CSV tables with the columns model, score and optionally subject, in place of runs.",
)
@option("--out", "-o", metavar="FILE", type=OutputPath(), help="JSON file of the tables.")
@option(
    "--montage",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="PNG file of the pairs with the synthetic severities.",
)
@option("--corruption", "-c", metavar="NAME", default="smoke", help="Corruption to compare with the real frames.")
@option("--suite", metavar="SUITE", default="endo19", help="Suite, or the path of its TOML file.")
@option(
    "--fitted",
    metavar="NAME,...",
    help="Sequences that the corruption was fitted to, separated by commas. Default: those of smoke, where the pairs "
    "have them.",
)
@option("--draws", metavar="N", default=200, type=click.IntRange(min=20), help="Resamples of the intervals.")
def realism(
    pairs: Path | None,
    run_folder: Path | None,
    synthetic_run: Path | None,
    scores: tuple[Path, Path] | None,
    out: Path | None,
    montage: Path | None,
    corruption: str,
    suite: str,
    fitted: str | None,
    draws: int,
) -> None:
    """How close a corruption is to real frames of its condition.

    With --pairs: statistics of real and synthetic pairs with 95 % intervals by sequence, and the area under the curve
    of a classifier of real against synthetic frames (0.5: not distinguishable). --fitted gives those sequences and the
    others tables of their own.

    With --run or --scores: Spearman's rank correlation of the scores of at least 6 models at recorded and synthetic
    conditions, with 95 % intervals by subject (bootstrap) and the p-value of a permutation test.
    """
    from robustbench_endo.errors import RobustEndoError
    from robustbench_endo.io_utils import write_json
    from robustbench_endo.realism.comparison import without_nan
    from robustbench_endo.realism.pairs import read_pairs

    if pairs is None and ((run_folder is None and not scores) or montage is not None):
        raise RobustEndoError(
            "Expected --pairs, --run or --scores, and --pairs for a montage, got none: give a folder."
        )
    if synthetic_run is not None and run_folder is None:
        raise RobustEndoError("Expected --run with --synthetic-run, got none: give the run with recorded conditions.")
    content: dict[str, Any] = {}
    if run_folder is not None or scores:
        content["rank_correlations"] = _rank_correlations(run_folder, synthetic_run, scores, draws)
    if pairs is not None:
        every = read_pairs(pairs)
        tables = _tables(every, _groups(every, fitted, corruption), corruption, suite, draws)
        content |= {group: without_nan(table) for group, table in tables.items()}
        if montage is not None:
            _save_montage(montage, every, corruption, suite)
    if out:
        write_json(out, content)


def _rank_correlations(
    folder: Path | None, synthetic: Path | None, scores: tuple[Path, Path] | None, draws: int
) -> list[dict[str, Any]]:
    """Print the correlations of runs and of tables."""
    from dataclasses import asdict

    from robustbench_endo.realism.rank_correlation import rank_correlations
    from robustbench_endo.realism.score_tables import correlate_tables
    from robustbench_endo.results import load_results

    rows = []
    if folder is not None:
        other = None if synthetic is None else load_results(synthetic)
        rows += rank_correlations(load_results(folder), draws, other)
    if scores:
        rows.append(correlate_tables(*scores, draws))
    cells = [
        [
            row.metric,
            row.recorded,
            row.synthetic,
            _cell([row.value, row.low, row.high]),
            "–" if row.p != row.p else f"{row.p:.3g}",
        ]
        for row in rows
    ]
    header = ["metric", "recorded", "synthetic", "rank correlation", "p"]
    _print(f"{rows[0].models} models, {rows[0].subjects} subjects", header, cells)
    return [{k: None if v != v else v for k, v in asdict(row).items()} for row in rows]  # nan


def _tables(
    pairs: Sequence[Pair], groups: dict[str, set[str]], corruption: str, suite: str, draws: int
) -> dict[str, dict[str, Interval]]:
    """Measure, and print the table of each group."""
    from robustbench_endo.realism.comparison import compare_measurements

    measured = _measure(pairs, corruption, suite)
    tables = {group: compare_measurements(measured, draws, names) for group, names in groups.items()}
    for group, table in tables.items():
        rows = [[key, *(_cell(row.get(key)) for row in table.values())] for key in table["severity 1"]]
        _print(f"{corruption}, {group} sequences", ["statistic", *table], rows)
    return tables


def _save_montage(file: Path, pairs: Sequence[Pair], corruption: str, suite: str) -> None:
    from robustbench_endo.realism.montage import pair_montage, save_montage

    save_montage(file, pair_montage(pairs, {f"severity {k}": _synthesis(corruption, k, suite) for k in range(1, 6)}))


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


def _synthesis(corruption: str, severity: int, suite: str) -> Synthesis:
    from robustbench_endo.corruptions import corrupt

    return lambda frame, image_id: corrupt(frame, corruption, severity, ids=image_id, suite=suite)


def _print(title: str, header: list[str], rows: list[list[str]]) -> None:
    from rich.console import Console
    from rich.table import Table

    cells = Table(*header, title=title)
    for row in rows:
        cells.add_row(*row)
    Console(width=200).print(cells)


def _cell(values: list[float] | None) -> str:
    match values:
        case [count]:
            return f"{count:.0f}"
        case [value, low, _] if value != value or low != low:  # nan: not defined, or of one subject
            return "–" if value != value else f"{value:.2f}"
        case [value, low, high]:
            return f"{value:.2f} [{low:.2f}, {high:.2f}]"
        case _:
            return ""
