"""The configuration of ``robust-endo reproduce``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from robustbench_endo.config import check_choice, option
from robustbench_endo.data_options import split_names
from robustbench_endo.errors import RobustEndoError
from robustbench_endo.evaluation.shard import parse_shard
from robustbench_endo.training.config import MAX_SEED, MAX_SEEDS

FORMATS = ("csv", "latex", "html")
INIT_WEIGHTS = ("pretrained", "none")
PRECISIONS = ("32-true", "bf16-mixed", "16-mixed", "bf16-true")
_TRAINING = ("epochs", "seed", "precision", "grad_accum")


def parse_formats(text: str) -> tuple[str, ...]:
    """Names of file formats; none for ``none``.

    Raises:
        RobustEndoError: an unknown format.
    """
    formats = () if text == "none" else split_names(text)
    unknown = [name for name in formats if name not in FORMATS]
    if unknown:
        raise RobustEndoError(f"Expected formats among {', '.join(FORMATS)}, got {unknown[0]!r}: correct --format.")
    return formats


@dataclass(frozen=True)
class ReproductionConfig:
    """Settings of a reproduction, each documented by the help text of its option.

    Raises:
        RobustEndoError: a value outside its range, or values that contradict each other.

    >>> ReproductionConfig(epochs=3).training_changes
    {'epochs': 3}
    """

    data: tuple[str, ...] = option(
        (), "mtlesd:DIR or mtlendovis:DIR; both for tables 5 and 6.", "--data", "-d", multiple=True
    )
    data_gen: str | None = option(None, "mtlendovis-gen:DIR, for table4.")
    out: Path = option(Path("runs/reproduction"), "Folder, shared by all tables.", "--out", "-o", type="path")
    synthetic: bool = option(False, "Small networks on synthetic scenes instead of the paper's.", type="bool")
    quick: bool = option(False, "With --synthetic: toy size, about a minute per table.", type="bool")
    models: tuple[str, ...] = option(
        (), "Only these rows: patterns such as endoarss/* or resnet101/mmoe/stch, separated by commas.",
        parse=split_names,
    )  # fmt: skip
    epochs: int | None = option(
        None, "Epochs of every training.", type="int", minimum=1, shown_default="the paper's 200"
    )
    seed: int | None = option(None, "Random seed of every training.", type="int", shown_default="0")
    seeds: int = option(
        1,
        "Trainings of every network: with the seeds --seed, --seed + 1, ...; tables then show the mean and the "
        "standard deviation over them.",
        type="int",
        minimum=1,
    )
    precision: str | None = option(None, "Precision of every training.", choices=PRECISIONS, shown_default="32-true")
    grad_accum: int | None = option(None, "Parts of a batch.", type="int", minimum=1, shown_default="1")
    init_weights: str = option("pretrained", "Trunks of the large backbones.", choices=INIT_WEIGHTS)
    limit: int | None = option(None, "Maximum number of test frames.", "--limit", "-n", type="int", minimum=1)
    shard: str = option("1/1", "Train and evaluate only part i of n, as i/n; afterwards run once without.")
    device: str = option("auto", "auto, cpu, cuda, cuda:1, ...")
    formats: tuple[str, ...] = option(
        FORMATS, f"Files to write: {', '.join(FORMATS)}, or none.", "--format", parse=parse_formats,
        shown_default="csv,latex,html",
    )  # fmt: skip

    def __post_init__(self) -> None:
        check_choice("init_weights", self.init_weights, INIT_WEIGHTS)
        parse_shard(self.shard)
        if self.seed is not None and not 0 <= self.seed <= MAX_SEED:
            raise RobustEndoError(f"Expected a seed from 0 to {MAX_SEED}, got {self.seed}: change --seed.")
        if not 1 <= self.seeds <= MAX_SEEDS:
            raise RobustEndoError(f"Expected 1 to {MAX_SEEDS} seeds, got {self.seeds}: change --seeds.")
        if self.quick and not self.synthetic:
            raise RobustEndoError("Expected --synthetic with --quick, got only --quick: add it, or leave --quick out.")
        if self.synthetic and (self.data or self.data_gen):
            name = "--data" if self.data else "--data-gen"
            raise RobustEndoError(f"Expected {name} or --synthetic, got both: leave one out.")

    @property
    def training_changes(self) -> dict[str, Any]:
        """Settings of the trainings that differ from the preset."""
        return {name: getattr(self, name) for name in _TRAINING if getattr(self, name) is not None}

    @property
    def trunk_weights(self) -> str | None:
        """Initial weights of the trunks; None for random ones, as the small networks have."""
        return None if self.init_weights == "none" or self.synthetic else self.init_weights
