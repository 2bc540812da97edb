"""Sizes of a reproduction: the paper's, or smaller ones with substitute networks and data for the same experiments."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from fnmatch import fnmatch
from typing import Any

from robustbench_endo.errors import ModelError, ReproductionError
from robustbench_endo.models import load_model
from robustbench_endo.reproduction.experiments import Cell, Grid
from robustbench_endo.training.config import TrainConfig, preset

SUBSTITUTES = {"resnet101": "tiny-resnet", "dinov2": "dinov2", "endoarss": "tiny-endoarss"}

SMALL_DINO = "size=s,depth=1,frozen=no,head_channels=32,rates=1x2x3,upscale=4,pooled_norm=no,dropout=0"
"""One layer of ViT-S, all of it trained: there is no tiny network without SMA, and no pretrained trunk to freeze."""


@dataclass(frozen=True)
class Scale:
    """The size of networks, data and trainings.

    Attributes:
        name: folder below --out; empty at the paper's size.
        sizes: backbone -> input size of its substitute, as in a spec; empty at the paper's size.
        base: settings of every training; None: the preset of its data set.
        severities: of the robustness runs.
        frames: split -> synthetic scenes; empty at the paper's size.
        scene: height and width of the synthetic scenes.
        changes: settings of the user.
    """

    name: str = ""
    sizes: Mapping[str, str] = field(default_factory=dict)
    base: TrainConfig | None = None
    severities: tuple[int, ...] = (1, 2, 3, 4, 5)
    frames: Mapping[str, int] = field(default_factory=dict)
    scene: tuple[int, int] = (256, 320)
    changes: Mapping[str, Any] = field(default_factory=dict)

    @property
    def synthetic(self) -> bool:
        """Whether small networks on synthetic scenes replace those of the paper."""
        return bool(self.sizes)

    def substitute(self, cell: Cell) -> Cell:
        """The cell that is trained instead; its label names the substitute."""
        if not self.sizes:
            return cell
        name, _, options = cell.model.partition("@")
        backbone, _, architecture = name.partition("/")
        parts = [options, SMALL_DINO if backbone == "dinov2" else "", f"input_size={self.sizes[backbone]}"]
        spec = f"{SUBSTITUTES[backbone]}/{architecture}@{','.join(part for part in parts if part)}"
        network = "a one-layer ViT-S" if backbone == "dinov2" else SUBSTITUTES[backbone]
        return replace(cell, model=spec, label=f"{cell.label} ({network})")

    def folder(self, cell: Cell) -> str:
        """Path of the cell below --out."""
        return f"{self.name}/cells/{cell.folder}".removeprefix("/")

    def settings(self, cell: Cell) -> TrainConfig:
        """Settings of the training of a cell."""
        return replace(self.base or preset(cell.data), weighting=cell.weighting, **self.changes)

    @property
    def seed(self) -> int:
        """Random seed of every training; the first one where a cell is trained under several."""
        return self.settings(_ANY).seed

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences that every output of this size contains."""
        if not self.sizes:
            return ()
        epochs = self.settings(_ANY).epochs
        return (
            "Substitutes: tiny-resnet for ResNet101, a one-layer ViT-S from random weights for DINOv2, tiny-endoarss "
            f"for EndoARSS, {epochs} epoch{'s'[: epochs != 1]} on {self.frames['train']} synthetic scenes, "
            f"evaluated on {self.frames['test']} others. The numbers show that the experiments run; they do not "
            "reproduce those of the paper.",
        )


_ANY = Cell("mtlesd", "", "equal", "both", "")

PAPER = Scale()

SYNTHETIC = Scale(
    "synthetic",
    {"resnet101": "160x208", "dinov2": "154x210", "endoarss": "160x208"},
    TrainConfig(epochs=40),
    frames={"train": 400, "test": 48},
)

QUICK = Scale(
    "quick",
    {"resnet101": "48x64", "dinov2": "42x56", "endoarss": "48x64"},
    TrainConfig(epochs=1, batch_size=2, augment="none", class_weights="none"),
    severities=(3,),
    frames={"train": 4, "test": 2},
    scene=(48, 64),
)


def select_rows(grid: Grid, patterns: Sequence[str] = (), data: Collection[str] | None = None) -> Grid:
    """The rows whose networks match a pattern and whose data sets are available.

    Args:
        patterns: of ``backbone/architecture/method`` in small letters, or the beginning of it; none: all rows.
        data: names of the available data sets; None: all.

    Raises:
        ReproductionError: a pattern matches no row.
    """
    for pattern in patterns:
        if not any(_matches(row.cell, pattern) for row in grid.rows):
            known = ", ".join(dict.fromkeys(_name(row.cell).rpartition("/")[0] for row in grid.rows))
            raise ReproductionError(
                f"Expected --models among {known}, perhaps with a method such as /db_mtl, got {pattern!r}: no row of "
                f"{grid.name} matches it."
            )
    rows = [
        row
        for row in grid.rows
        if (not patterns or any(_matches(row.cell, pattern) for pattern in patterns))
        and (data is None or {row.cell.data, row.test_data} <= set(data))
    ]
    return replace(grid, rows=tuple(rows))


def require_trunks(cells: Iterable[Cell]) -> None:
    """Check that timm has the pretrained weights of every backbone, before hours of training.

    Raises:
        ModelError: some are not available.
    """
    for backbone in dict.fromkeys(cell.model.partition("/")[0] for cell in cells):
        try:
            with _quiet_retries():
                load_model(f"{backbone}/hps", 2, None, "pretrained")
        except ModelError as error:
            reason = str(error).partition(" Connect once")[0]
            raise ModelError(
                f"{reason} Connect once so that they are cached, or start from random trunks, unlike the paper: "
                "--init-weights none."
            ) from error


@contextmanager
def _quiet_retries() -> Iterator[None]:
    """Suppress the log lines of the hub's client about retries; the error reports their outcome."""
    log = logging.getLogger("huggingface_hub")
    before = log.level
    log.setLevel(logging.ERROR)
    try:
        yield
    finally:
        log.setLevel(before)


def _name(cell: Cell) -> str:
    backbone, architecture = cell.model.partition("@")[0].split("/")
    return f"{backbone}/{architecture}/{cell.weighting if cell.task == 'both' else cell.task}"


def _matches(cell: Cell, pattern: str) -> bool:
    lowered = pattern.lower()
    return fnmatch(_name(cell), lowered) or fnmatch(_name(cell), f"{lowered.rstrip('/')}/*")
