"""The worst, the median and the best frame of every condition, for a look at what is behind a number."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from robustbench_endo.metrics.base import Metric
from robustbench_endo.results.severity import as_severity

if TYPE_CHECKING:
    from robustbench_endo.results import Results

RANKS = ("worst", "median", "best")
"""The frames of a condition, in order."""

FRAME_METRICS: Mapping[str, str] = {"segmentation": "dice", "activity": "brier"}
"""Task -> the metric that orders its frames."""

Condition = tuple[str, str, float]


@dataclass(frozen=True)
class FrameScore:
    """A frame and its score in the unit of the metric."""

    image_id: str
    score: float


@dataclass(frozen=True)
class ConditionFrames:
    """Frames of every condition by one metric.

    Attributes:
        task: name of the task.
        label, unit: of the metric, for a single frame.
        higher_is_better: its direction.
        frames: (model, corruption, severity) -> the frames of :data:`RANKS`; without scored frames the key is missing.
    """

    task: str
    label: str
    unit: str
    higher_is_better: bool
    frames: Mapping[Condition, tuple[FrameScore, ...]]


def condition_frames(results: Results) -> list[ConditionFrames]:
    """The frames by each task with a score per frame, the leading task first."""
    parts = (_by_metric(results, task.name, _frame_metric(results, task.name)) for task in reversed(results.tasks))
    return [part for part in parts if part is not None]


def _frame_metric(results: Results, task: str) -> Metric | None:
    names = {metric.name for metric in results.metrics}
    name = FRAME_METRICS.get(task, "")
    return results.metric(name) if name in names else None


def _by_metric(results: Results, task: str, metric: Metric | None) -> ConditionFrames | None:
    # The stored images are those of the first draw.
    frame = results.frame[results.frame["replicate"] == 0]
    values = None if metric is None else metric.frame_values(frame)
    if metric is None or values is None or not np.isfinite(values).any():
        return None
    higher = metric.higher_is_better is not False
    keys = ["model", "corruption", "severity"]
    table = frame[[*keys, "image_id"]].assign(score=values * metric.scale)[np.isfinite(values)]
    table = table.sort_values("image_id", kind="stable").sort_values("score", ascending=higher, kind="stable")
    groups = table.groupby(keys, observed=True, sort=False)
    frames = {
        (str(model), str(corruption), as_severity(severity)): _extremes(part)
        for (model, corruption, severity), part in groups
    }
    return ConditionFrames(task, metric.label, metric.unit, higher, frames)


def _extremes(ordered: pd.DataFrame) -> tuple[FrameScore, ...]:
    """The first, the middle and the last row."""
    ids, scores = ordered["image_id"].to_numpy(), ordered["score"].to_numpy(float)
    rows = (0, (len(ids) - 1) // 2, len(ids) - 1)
    return tuple(FrameScore(str(ids[row]), float(scores[row])) for row in rows if math.isfinite(scores[row]))
