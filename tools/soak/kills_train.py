"""Kills of ``robust-endo train``."""

from __future__ import annotations

from pathlib import Path

from folders import CHECKPOINT_FILES, newest
from kills import Phase, Target, kill_repeatedly
from kills_evaluate import always
from outcome import SoakResult, count

KILLS = 50
ARGUMENTS = (
    *("train", "--data", "synthetic@frames=8", "--model", "tiny-resnet/mmoe", "--epochs", "6", "--batch-size", "4"),
    *("--validation", "0.5", "--logger", "none", "--harden", "corruptions", "--train-corruption", "contrast"),
    *("--out", "run"),
)


def in_epochs(out: Path, begun: float) -> bool:
    """Since the process saved an epoch."""
    return newest([out / "state.pt"]) >= begun


def is_writing(out: Path, begun: float) -> bool:
    """While a temporary file exists that the process has written."""
    return newest(out.glob(".*")) >= begun


def in_folder(out: Path, begun: float) -> bool:
    """Since the output folder exists."""
    return (out / "config.toml").is_file()


PHASES = (
    Phase("load", always, 0.3),
    Phase("first epoch", in_folder, 0.3),
    Phase("write", is_writing, 0.0),
    Phase("epochs", in_epochs, 0.4),
    Phase("last epochs", in_epochs, 0.9),
)
TARGET = Target(ARGUMENTS, PHASES, CHECKPOINT_FILES)


def run(folder: Path, scale: float) -> list[SoakResult]:
    """50 kills, spread over all phases."""
    return [kill_repeatedly("kills-train", TARGET, folder, count(KILLS, scale))]
