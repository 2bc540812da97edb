"""Severities of ``robust-endo corrupt`` at a target distortion of the frames that are corrupted."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from robustbench_endo.cli.output import counted
from robustbench_endo.corruptions import Selection, Suite
from robustbench_endo.corruptions.compound import CompoundCorruption
from robustbench_endo.data.folder import FolderDataset
from robustbench_endo.data.resolution import at_resolution
from robustbench_endo.errors import DataError, FrameError
from robustbench_endo.evaluation.config import EvaluationConfig
from robustbench_endo.evaluation.target_distortion import (
    TargetSeverity,
    frames_distortion,
    solve_severities,
    spread_evenly,
)
from robustbench_endo.io_utils import write_json
from robustbench_endo.types import Sample

FILE = "target_distortion.json"


def solve_frames(
    data: FolderDataset, selected: Selection, config: EvaluationConfig
) -> tuple[list[TargetSeverity], list[str]]:
    """The severities of the selected corruptions at the target of the options, and the ids of the measured frames.

    Raises:
        DataError: no frame can be read.
        RobustEndoError: a target that a corruption does not reach.
    """
    assert config.target_distortion is not None
    frames, reason = _sample(data, selected.suite)
    if not frames:
        raise DataError(f"Expected a readable frame to measure distortions, got none: {reason}")
    measure = frames_distortion(selected.suite, frames, config.seed)
    targets = solve_severities(selected.names, config.target_distortion, measure, config.workers)
    return targets, [frame.id for frame in frames]


def write_targets(
    out: Path, targets: Sequence[TargetSeverity], frames: Sequence[str], selected: Selection, config: EvaluationConfig
) -> None:
    """Print the severities with their parameters, and write them to ``out``.

    Raises:
        DataError: ``out`` has those of another target, suite, seed or set of frames.
    """
    content = {
        "target": config.target_distortion,
        "suite": selected.suite.name,
        "suite_hash": selected.suite.fingerprint,
        "seed": config.seed,
        "frames": list(frames),
        "corruptions": [
            {**asdict(entry), "parameters": _parameters(selected.suite, entry.name, entry.severity)}
            for entry in targets
        ],
    }
    _check_same(out / FILE, content)
    write_json(out / FILE, content)
    _print(content)


def _sample(data: FolderDataset, suite: Suite) -> tuple[list[Sample], str]:
    """Frames spread evenly over the data, and why the first of the others cannot be read."""
    frames, reasons = [], []
    for index in spread_evenly(len(data)):
        try:
            frames.append(at_resolution(data[index], suite.resolution))
        except FrameError as error:
            reasons.append(str(error))
    return frames, reasons[0] if reasons else ""


def _parameters(suite: Suite, name: str, severity: float) -> dict[str, Any]:
    corruption = suite.get(name)
    if isinstance(corruption, CompoundCorruption):
        return {part.name: asdict(part.parameters(severity)) for part in corruption.parts}
    return asdict(corruption.parameters(severity))


def _check_same(file: Path, content: dict[str, Any]) -> None:
    if not file.is_file():
        return
    try:
        stored = json.loads(file.read_text("utf-8"))
        changed = next((key for key in ("target", "suite_hash", "seed", "frames") if stored[key] != content[key]), None)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"Cannot read {file}: no file of this command ({error!r}). Delete it.") from error
    if changed:
        raise DataError(f"Cannot resume {file}: {changed} changed. Use another OUT or delete the folder.")


def _print(content: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Column, Table

    table = Table("Corruption", *(Column(name, justify="right") for name in ("Severity", "Distortion")), "Parameters")
    for entry in content["corruptions"]:
        values = ", ".join(f"{key} {_text(value)}" for key, value in entry["parameters"].items())
        table.add_row(entry["name"], f"{entry['severity']:g}", f"{entry['distortion']:.3f}", values)
    count = counted(len(content["frames"]), "frame")
    table.title = f"Mean distortion (1 - image SSIM) of {content['target']:g}, measured on {count}"
    Console(width=160, highlight=False, stderr=True).print(table)


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return "(" + ", ".join(f"{key} {_text(item)}" for key, item in value.items()) + ")"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
