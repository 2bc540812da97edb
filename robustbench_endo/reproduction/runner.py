"""Running experiments: train what is missing, evaluate it, and continue when one cell fails."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from robustbench_endo.evaluation.shard import Shard
from robustbench_endo.models import load_model
from robustbench_endo.reproduction.datasets import Source
from robustbench_endo.reproduction.experiments import CLEAN, ROBUST, Cell, Grid, Row
from robustbench_endo.reproduction.presets import Scale
from robustbench_endo.reproduction.training import read_cell, train_cell
from robustbench_endo.results import Results
from robustbench_endo.training import Progress
from robustbench_endo.types import Dataset

PROTOCOLS = ("endoarss", "standard")

METRICS: Mapping[str, Mapping[str, str]] = {
    "endoarss": {
        "accuracy": "endoarss_accuracy",
        "f_score": "endoarss_f1",
        "miou": "endoarss_miou",
        "dice": "endoarss_dice",
        "hd": "endoarss_hd",
        "ssim": "endoarss_ssim",
    },
    "standard": {
        "accuracy": "accuracy",
        "f_score": "macro_f1",
        "miou": "miou",
        "dice": "dice",
        "hd": "hd",
        "ssim": "ssim",
    },
}
"""Protocol -> the paper's name of a metric -> its name in :class:`Results`."""

CHEAPEST = ("contrast", (1,))
"""A run has at least one corruption; this one costs almost nothing, and tables of clean frames do not show it."""

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
    corruptions, strengths = ("all", severities) if kind == ROBUST else CHEAPEST
    return {
        protocol: evaluate(
            {label: model},
            data,
            corruptions,
            strengths,
            checkpoint / f"{kind}-{test_data}-{protocol}",
            protocol=protocol,
            **options,
        )
        for protocol in PROTOCOLS
    }


def reproduced_number(results: Results, row: Row, metric: str) -> float:
    """The reproduced number of a row, in the unit of the metric; NaN where the run has none."""
    quantity = METRICS[results.protocol][metric]
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
        results: protocol -> results; empty where there are none.
        problem: why there are none, one sentence; else empty.
        checkpoint: its folder.
    """

    results: Mapping[str, Results] = field(default_factory=dict)
    problem: str = ""
    checkpoint: Path | None = None

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

    def folder(self, cell: Cell) -> Path:
        """Folder of a cell."""
        return self.root / self.scale.folder(cell)

    def untrained(self, grid: Grid) -> list[Cell]:
        """The cells of the grid that are not trained yet."""
        stored = {cell: read_cell(self.folder(cell)) for cell, _ in grid.runs}
        return [cell for cell, before in stored.items() if not (before and before["finished"])]

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
        try:
            return self._run_cell(cell, test_data, kind)
        except FAILURES as error:
            return CellResult(problem=(str(error).splitlines() or [type(error).__name__])[0])

    def _run_cell(self, cell: Cell, test_data: str, kind: str) -> CellResult:
        substitute, report = self.scale.substitute(cell), self.progress

        def step(progress: Progress) -> None:
            done = progress.epoch * progress.batches + progress.batch
            report(f"Training {substitute.label}", done, progress.epochs * progress.batches)

        folder = train_cell(
            substitute,
            self.frames(cell.data, "train"),
            self.scale.settings(cell),
            self.folder(cell),
            self.device,
            self.init_weights,
            step,
        )
        options: dict[str, Any] = {"device": str(self.device), "limit": self.limit, "notes": self.scale.notes}
        results = evaluate_cell(
            self.evaluate,
            folder,
            substitute.label,
            self.frames(test_data, "test"),
            test_data,
            kind,
            self.scale.severities,
            progress=lambda done, total: report(f"Evaluating {substitute.label}", done, total),
            **options,
        )
        return CellResult(results, checkpoint=folder)
