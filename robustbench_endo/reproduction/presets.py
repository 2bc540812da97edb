"""The paper's size, or a smaller one at which the same grid runs whole: what stands for what, and how it is trained."""

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
from robustbench_endo.training.settings import TrainConfig, preset

STAND_INS = {"resnet101": "tiny-resnet", "dinov2": "dinov2", "endoarss": "tiny-endoarss"}

SMALL_DINO = "size=s,depth=1,frozen=no,head_channels=32,rates=1x2x3,upscale=4"
"""One layer of ViT-S, trained whole: there is no tiny network without SMA, and no pretrained trunk to freeze."""


@dataclass(frozen=True)
class Scale:
    """How large everything is.

    Attributes:
        name: folder below --out; empty at the paper's size.
        sizes: backbone -> input size of its stand-in, as in a spec; empty at the paper's size.
        base: settings of every training; None: the preset of its data set.
        severities: that robustness is measured at.
        frames: split -> drawn scenes; empty at the paper's size.
        scene: height and width of the drawn scenes.
        changes: settings that the user gave.
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
        """Whether small networks on drawn scenes stand for the paper's."""
        return bool(self.sizes)

    def made(self, cell: Cell) -> Cell:
        """The cell that is really trained, its label telling what stands for what."""
        if not self.sizes:
            return cell
        name, _, options = cell.model.partition("@")
        backbone, _, architecture = name.partition("/")
        own = [options, SMALL_DINO if backbone == "dinov2" else "", f"input_size={self.sizes[backbone]}"]
        spec = f"{STAND_INS[backbone]}/{architecture}@{','.join(option for option in own if option)}"
        what = "a one-layer ViT-S" if backbone == "dinov2" else STAND_INS[backbone]
        return replace(cell, model=spec, label=f"{cell.label} ({what})")

    def folder(self, cell: Cell) -> str:
        """Where the cell lies below --out; a stand-in where the cell that it stands for would lie."""
        return f"{self.name}/cells/{cell.folder}".removeprefix("/")

    def settings(self, cell: Cell) -> TrainConfig:
        """How a cell is trained."""
        return replace(self.base or preset(cell.data), weighting=cell.weighting, **self.changes)

    @property
    def notes(self) -> tuple[str, ...]:
        """What every output of this scale says."""
        if not self.sizes:
            return ()
        epochs = self.settings(_ANY).epochs
        return (
            "Stand-ins: tiny-resnet for ResNet101, a one-layer ViT-S trained from nothing for DINOv2, tiny-endoarss "
            f"for EndoARSS, {epochs} epoch{'s'[: epochs != 1]} on {self.frames['train']} drawn scenes, judged on "
            f"{self.frames['test']} others. The numbers show that the grid runs; they say nothing about the paper's.",
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


def chosen(grid: Grid, patterns: Sequence[str] = (), data: Collection[str] | None = None) -> Grid:
    """The rows whose networks match a pattern and whose data sets are given.

    Args:
        patterns: of ``backbone/architecture/method`` in small letters, or the beginning of it; none: all rows.
        data: names of the data sets that there are; None: all.

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
        and (data is None or {row.cell.data, row.judged} <= set(data))
    ]
    return replace(grid, rows=tuple(rows))


def require_trunks(cells: Iterable[Cell]) -> None:
    """Looks that timm has the pretrained weights of every backbone, so that hours later none is missing.

    Raises:
        ModelError: one cannot be had.
    """
    for backbone in dict.fromkeys(cell.model.partition("/")[0] for cell in cells):
        try:
            with _without_retries_told():
                load_model(f"{backbone}/hps", 2, None, "pretrained")
        except ModelError as error:
            reason = str(error).partition(" Connect once")[0]
            raise ModelError(
                f"{reason} Connect once so that they are cached, or begin with random trunks, unlike the paper: "
                "--init-weights none."
            ) from error


@contextmanager
def _without_retries_told() -> Iterator[None]:
    """The hub's client logs a line a retry; what came of them is in the error."""
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
    asked = pattern.lower()
    return fnmatch(_name(cell), asked) or fnmatch(_name(cell), f"{asked.rstrip('/')}/*")
