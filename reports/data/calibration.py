"""Confidence against right answers, bin by bin: what a reliability diagram draws."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from robustbench_endo.errors import RobustEndoError
from robustbench_endo.results.dataset_scores import BINS, divide
from robustbench_endo.results.schema import CLEAN, bin_columns

if TYPE_CHECKING:
    from robustbench_endo.results import Results

Floats = NDArray[np.float64]
TASKS = ("segmentation", "activity")


@dataclass(frozen=True)
class Reliability:
    """One model on some frames; bins of equal width of its confidence, arrays (15,).

    Attributes:
        answers: how many pixels (of a fixed sample of each frame's) or frames are in the bin.
        confidence: their mean confidence in percent, NaN in an empty bin.
        right: the share of them that is right in percent, NaN in an empty bin.
    """

    answers: Floats
    confidence: Floats
    right: Floats

    @property
    def error(self) -> float:
        """Expected calibration error of these bins, in percent; NaN without answers."""
        gap = np.nansum(self.answers * np.abs(self.right - self.confidence))
        return float(gap / self.answers.sum()) if self.answers.sum() else float("nan")


def reliability(results: Results, task: str = "segmentation") -> dict[str, dict[str, Reliability]]:
    """``Clean`` and ``Corrupted`` (all corruptions and severities together) -> model -> its bins.

    Runs of version 0.1 hold no bins of pixels: all of theirs are empty.

    Raises:
        RobustEndoError: a task that is neither ``segmentation`` nor ``activity``.
    """
    if task not in TASKS:
        raise RobustEndoError(f"Expected segmentation or activity, got the task {task!r}: choose one of them.")
    frame, bins = results.frame, _pixels if task == "segmentation" else _frames
    parts = {"Clean": frame["corruption"] == CLEAN, "Corrupted": frame["corruption"].isin(results.corruptions)}
    return {
        name: {model: _of(*bins(frame[chosen & (frame["model"] == model)])) for model in results.models}
        for name, chosen in parts.items()
    }


def _of(answers: Floats, right: Floats, confidence: Floats) -> Reliability:
    return Reliability(answers, 100 * divide(confidence, answers), 100 * divide(right, answers))


def _pixels(records: pd.DataFrame) -> tuple[Floats, Floats, Floats]:
    counts, right, sure = (
        records.reindex(columns=bin_columns(kind), fill_value=0).to_numpy(np.float64).sum(axis=0)
        for kind in ("count", "right", "confidence")
    )
    return counts, right, sure


def _frames(records: pd.DataFrame) -> tuple[Floats, Floats, Floats]:
    sure = records["activity_confidence"].to_numpy(np.float64)
    target, said = (records[f"activity_{side}"].to_numpy(int) for side in ("target", "prediction"))
    judged = (target >= 0) & (said >= 0) & np.isfinite(sure)
    sure, right = sure[judged], (target == said)[judged].astype(np.float64)
    # (b / 15, (b + 1) / 15], as the calibration error counts them.
    place = np.clip(np.ceil(sure * BINS).astype(int) - 1, 0, BINS - 1)
    counts, hits, sums = (
        np.bincount(place, weights, BINS).astype(np.float64) for weights in (np.ones_like(sure), right, sure)
    )
    return counts, hits, sums
