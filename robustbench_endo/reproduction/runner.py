"""A whole grid: train what is missing, judge it, and go on when one cell fails."""

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
from robustbench_endo.training.settings import Progress
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
"""Protocol -> the paper's word for a metric -> what it is called in :class:`Results`."""

SPARED = ("contrast", (1,))
"""A run has at least one corruption; this one costs next to nothing, and no table of clean frames shows it."""

Evaluate = Callable[..., Results]
"""``robustbench_endo.api.evaluate``."""


def judge(
    evaluate: Evaluate,
    checkpoint: Path,
    label: str,
    data: Dataset,
    judged: str,
    kind: str,
    severities: tuple[int, ...],
    **options: Any,
) -> dict[str, Results]:
    """Both protocols' results of a checkpoint; finished runs are only read.

    Args:
        judged: the data set's name, part of the runs' folders.
        kind: `clean` or `robust`.
        options: for ``evaluate``: device, limit, progress.

    Raises:
        RobustEndoError: as ``evaluate``.
    """
    model = load_model(str(checkpoint))
    corruptions, strengths = ("all", severities) if kind == ROBUST else SPARED
    return {
        protocol: evaluate(
            {label: model},
            data,
            corruptions,
            strengths,
            checkpoint / f"{kind}-{judged}-{protocol}",
            protocol=protocol,
            **options,
        )
        for protocol in PROTOCOLS
    }


def figure_of(results: Results, row: Row, metric: str) -> float:
    """Our figure of a row, in the metric's unit; NaN where the run has none."""
    quantity = METRICS[results.protocol][metric]
    if row.corruption:
        table = results.table((quantity,))
        place = ("mean", "all") if row.corruption == "mean" else (row.labels["category"], row.corruption)
        return float(table.loc[place].iloc[0]) if place in table.index else math.nan
    scores = results.scores()
    clean = scores[scores["corruption"] == CLEAN]
    return float(clean[quantity].iloc[0]) if quantity in clean else math.nan


ELSEWHERE = "left to another shard"

ALL = Shard(1, 1)

FAILURES = (ValueError, RuntimeError, OSError)
"""What a cell may fail with: every error of ours is a ValueError, a device out of memory a RuntimeError."""

Tell = Callable[[str, int, int], None]
"""Called with (what is done, steps done, steps in all)."""


@dataclass(frozen=True)
class CellResult:
    """What became of a cell.

    Attributes:
        results: protocol -> results; empty where there are none.
        problem: why there are none, one sentence; empty when all went well.
        checkpoint: its folder.
    """

    results: Mapping[str, Results] = field(default_factory=dict)
    problem: str = ""
    checkpoint: Path | None = None

    @property
    def failed(self) -> bool:
        """Whether something went wrong, rather than being left to another shard."""
        return bool(self.problem) and self.problem != ELSEWHERE


@dataclass
class ExperimentRunner:
    """Where and how a grid is worked through.

    Attributes:
        root: folder of all cells.
        scale: the paper's size or a smaller one.
        sources: the data sets by name.
        evaluate: ``robustbench_endo.api.evaluate``.
        device: of training and evaluation.
        initial: `pretrained` or None.
        limit: test frames at most.
        shard: which cells are trained and judged here.
        tell: progress.
    """

    root: Path
    scale: Scale
    sources: Mapping[str, Source]
    evaluate: Evaluate
    device: torch.device
    init_weights: str | None = None
    limit: int | None = None
    shard: Shard = ALL
    tell: Tell = lambda what, done, total: None

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
        """Every split that the grid needs, so that a wrong folder is told before anything is trained.

        Raises:
            DataError: a layout that does not fit.
        """
        needed = {(made.data, "train") for made, _ in grid.jobs} | {(judged, "test") for _, judged in grid.jobs}
        return {(name, split): self.frames(name, split) for name, split in sorted(needed, reverse=True)}

    def folder(self, cell: Cell) -> Path:
        """Where a cell lies."""
        return self.root / self.scale.folder(cell)

    def untrained(self, grid: Grid) -> list[Cell]:
        """The cells of the grid that still have to be trained."""
        found = {cell: read_cell(self.folder(cell)) for cell, _ in grid.jobs}
        return [cell for cell, before in found.items() if not (before and before["finished"])]

    def work(self, grid: Grid) -> dict[tuple[Cell, str], CellResult]:
        """What became of every job of the grid."""
        cells = list(dict.fromkeys(cell for cell, _ in grid.jobs))
        mine = {cells[place] for place in self.shard.share(len(cells))}
        return {
            (cell, judged): self._try(cell, judged, grid.kind) if cell in mine else CellResult(problem=ELSEWHERE)
            for cell, judged in grid.jobs
        }

    def _try(self, cell: Cell, judged: str, kind: str) -> CellResult:
        try:
            return self._done(cell, judged, kind)
        except FAILURES as error:
            return CellResult(problem=(str(error).splitlines() or [type(error).__name__])[0])

    def _done(self, cell: Cell, judged: str, kind: str) -> CellResult:
        made, told = self.scale.made(cell), self.tell

        def step(progress: Progress) -> None:
            done = progress.epoch * progress.batches + progress.batch
            told(f"Training {made.label}", done, progress.epochs * progress.batches)

        folder = train_cell(
            made,
            self.frames(cell.data, "train"),
            self.scale.settings(cell),
            self.folder(cell),
            self.device,
            self.init_weights,
            step,
        )
        options: dict[str, Any] = {"device": str(self.device), "limit": self.limit, "notes": self.scale.notes}
        results = judge(
            self.evaluate,
            folder,
            made.label,
            self.frames(judged, "test"),
            judged,
            kind,
            self.scale.severities,
            progress=lambda done, total: told(f"Judging {made.label}", done, total),
            **options,
        )
        return CellResult(results, checkpoint=folder)
