"""Running experiments: train what is missing, evaluate it, and continue when one cell fails."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from robustbench_endo.evaluation.shard import Shard
from robustbench_endo.models import load_model
from robustbench_endo.reproduction.activity_spread import SPREADS, activity_spread
from robustbench_endo.reproduction.datasets import Source
from robustbench_endo.reproduction.experiments import CLEAN, METRIC_NAMES, ROBUST, Cell, Grid, Row
from robustbench_endo.reproduction.presets import Scale
from robustbench_endo.reproduction.training import is_finished, train_cell
from robustbench_endo.results import Results
from robustbench_endo.training import Progress
from robustbench_endo.types import Dataset

PROTOCOLS = ("endoarss", "standard")


def quantity_of(metric: str, protocol: str) -> str:
    """The name, in every other table of this package, of a metric of the paper."""
    return SPREADS[metric] if metric in SPREADS else METRIC_NAMES[protocol][metric]


Evaluate = Callable[..., Results]
"""``robustbench_endo.evaluate``."""


def evaluate_cell(
    evaluate: Evaluate,
    checkpoint: Path,
    label: str,
    data: Dataset,
    test_data: str,
    kind: str,
    severities: tuple[int, ...],
    **options: Any,
) -> dict[str, Results]:
    """Results of a checkpoint under both protocols; finished runs are only read.

    Args:
        test_data: name of the data set, part of the folders of the runs.
        kind: `clean` or `robust`.
        options: for ``evaluate``: device, limit, progress.

    Raises:
        RobustEndoError: as ``evaluate``.
    """
    model = load_model(str(checkpoint))
    return {
        protocol: evaluate(
            {label: model},
            data,
            "all" if kind == ROBUST else CLEAN,
            severities,
            checkpoint / f"{kind}-{test_data}-{protocol}",
            protocol=protocol,
            **options,
        )
        for protocol in PROTOCOLS
    }


def reproduced_number(results: Results, row: Row, metric: str) -> float:
    """The reproduced number of a row, in the unit of the metric; NaN where the run has none."""
    if metric in SPREADS:
        return activity_spread(results)[metric]
    quantity = METRIC_NAMES[results.protocol][metric]
    if row.corruption:
        table = results.table((quantity,))
        key = ("mean", "all") if row.corruption == "mean" else (row.labels["category"], row.corruption)
        return float(table.loc[key].iloc[0]) if key in table.index else math.nan
    scores = results.scores()
    clean = scores[scores["corruption"] == CLEAN]
    return float(clean[quantity].iloc[0]) if quantity in clean else math.nan


OTHER_SHARD = "computed by another shard"

ALL = Shard(1, 1)

FAILURES = (ValueError, RuntimeError, OSError)
"""Errors after which the other cells are run: those of this package are ValueErrors, lack of memory a RuntimeError."""

ProgressCallback = Callable[[str, int, int], None]
"""Called with (what is running, steps done, total steps)."""


@dataclass(frozen=True)
class CellResult:
    """The outcome of a cell.

    Attributes:
        runs: protocol -> results of each seed whose training and evaluation are done, in the order of the seeds.
        problem: why some or all are missing, one sentence; else empty.
    """

    runs: tuple[Mapping[str, Results], ...] = ()
    problem: str = ""

    @property
    def results(self) -> Mapping[str, Results]:
        """Protocol -> results of the first seed; empty where there are none."""
        return self.runs[0] if self.runs else {}

    @property
    def failed(self) -> bool:
        """Whether it failed, rather than being computed by another shard."""
        return bool(self.problem) and self.problem != OTHER_SHARD


@dataclass
class ExperimentRunner:
    """Trains and evaluates the cells of a grid.

    Attributes:
        root: folder of all cells.
        scale: the paper's size or a smaller one.
        sources: the data sets by name.
        evaluate: ``robustbench_endo.evaluate``.
        device: of training and evaluation.
        init_weights: `pretrained` or None.
        limit: maximum number of test frames.
        shard: which cells are trained and evaluated here.
        progress: receives the steps.
        num_seeds: trainings of each cell, with consecutive seeds.
    """

    root: Path
    scale: Scale
    sources: Mapping[str, Source]
    evaluate: Evaluate
    device: torch.device
    init_weights: str | None = None
    limit: int | None = None
    shard: Shard = ALL
    progress: ProgressCallback = lambda what, done, total: None
    num_seeds: int = 1

    def __post_init__(self) -> None:
        self._opened: dict[tuple[str, str], Dataset] = {}

    def frames(self, name: str, split: str) -> Dataset:
        """A split of a data set, opened once.

        Raises:
            DataError: its layout does not fit.
        """
        if (name, split) not in self._opened:
            self._opened[name, split] = self.sources[name].load(split)
        return self._opened[name, split]

    def open(self, grid: Grid) -> dict[tuple[str, str], Dataset]:
        """Every split that the grid needs, so that a wrong folder is reported before anything is trained.

        Raises:
            DataError: a layout that does not fit.
        """
        needed = {(cell.data, "train") for cell, _ in grid.runs} | {(test_data, "test") for _, test_data in grid.runs}
        return {(name, split): self.frames(name, split) for name, split in sorted(needed, reverse=True)}

    @property
    def seeds(self) -> range:
        """The seeds of the trainings of each cell."""
        return range(self.scale.seed, self.scale.seed + self.num_seeds)

    def folder(self, cell: Cell, seed: int | None = None) -> Path:
        """Folder of a cell under a seed; that of the first seed, the default, does not name it."""
        folder = self.root / self.scale.folder(cell)
        return folder if seed in (None, self.scale.seed) else folder.with_name(f"{folder.name}_seed{seed}")

    def untrained(self, grid: Grid) -> list[Cell]:
        """The cells of the grid that are not trained yet, under every seed."""
        cells = dict.fromkeys(cell for cell, _ in grid.runs)
        return [cell for cell in cells if not all(map(is_finished, (self.folder(cell, seed) for seed in self.seeds)))]

    def run(self, grid: Grid) -> dict[tuple[Cell, str], CellResult]:
        """(cell, test data set) -> outcome."""
        cells = list(dict.fromkeys(cell for cell, _ in grid.runs))
        selected = {cells[index] for index in self.shard.share(len(cells))}
        return {
            (cell, test_data): self._try(cell, test_data, grid.kind)
            if cell in selected
            else CellResult(problem=OTHER_SHARD)
            for cell, test_data in grid.runs
        }

    def _try(self, cell: Cell, test_data: str, kind: str) -> CellResult:
        runs: list[Mapping[str, Results]] = []
        problems = []
        for seed in self.seeds:
            try:
                runs.append(self._run_cell(cell, seed, test_data, kind))
            except FAILURES as error:
                reason = (str(error).splitlines() or [type(error).__name__])[0]
                problems.append(f"seed {seed}: {reason}" if self.num_seeds > 1 else reason)
        return CellResult(tuple(runs), " ".join(problems))

    def _run_cell(self, cell: Cell, seed: int, test_data: str, kind: str) -> Mapping[str, Results]:
        substitute, report = self.scale.substitute(cell), self.progress
        what = f"{substitute.label}, seed {seed}" if self.num_seeds > 1 else substitute.label

        def step(progress: Progress) -> None:
            done = progress.epoch * progress.batches + progress.batch
            report(f"Training {what}", done, progress.epochs * progress.batches)

        folder = train_cell(
            substitute,
            self.frames(cell.data, "train"),
            replace(self.scale.settings(cell), seed=seed),
            self.folder(cell, seed),
            self.device,
            self.init_weights,
            step,
        )
        options: dict[str, Any] = {"device": str(self.device), "limit": self.limit, "notes": self.scale.notes}
        return evaluate_cell(
            self.evaluate,
            folder,
            substitute.label,
            self.frames(test_data, "test"),
            test_data,
            kind,
            self.scale.severities,
            progress=lambda done, total: report(f"Evaluating {what}", done, total),
            **options,
        )
