"""Kills of ``robust-endo evaluate``."""

from __future__ import annotations

from pathlib import Path

from folders import RUN_FILES, newest
from kills import Phase, Target, kill_repeatedly
from outcome import SoakResult, count

KILLS = 50
ARGUMENTS = (
    *("evaluate", "--data", "synthetic@frames=10", "--model", "tiny-resnet/mmoe", "--resolution", "128"),
    *("--corruption", "smoke,gaussian_noise,elastic_transform", "--severity", "1,5", "--out", "run"),
    *("--format", "html,md", "--batch-size", "1", "--workers", "1"),
)


def always(out: Path, begun: float) -> bool:
    """From the start of the process."""
    return True


def in_loop(out: Path, begun: float) -> bool:
    """Since the process wrote a chunk."""
    return newest((out / "records").glob("chunk-*")) >= begun


def is_writing(out: Path, begun: float) -> bool:
    """While a temporary file exists that the process has written."""
    return newest([*out.glob(".*"), *(out / "records").glob(".*"), *(out / "gallery").glob(".*")]) >= begun


def after_merge(out: Path, begun: float) -> bool:
    """Since the process wrote ``results.parquet``."""
    return newest([out / "results.parquet"]) >= begun


def in_reports(out: Path, begun: float) -> bool:
    """Since the process wrote ``summary.csv``."""
    return newest([out / "summary.csv"]) >= begun


PHASES = (
    Phase("load", always, 0.4),
    Phase("loop", in_loop, 0.5),
    Phase("write", is_writing, 0.0),
    Phase("merge", after_merge, 0.6),
    Phase("report", in_reports, 0.9),
)
TARGET = Target(ARGUMENTS, PHASES, (*RUN_FILES, "report.md", "gallery/index.json"))


def run(folder: Path, scale: float) -> list[SoakResult]:
    """50 kills, spread over all phases."""
    return [kill_repeatedly("kills-evaluate", TARGET, folder, count(KILLS, scale))]
