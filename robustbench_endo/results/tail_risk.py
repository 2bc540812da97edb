"""The worst frames: the mean over the worst 5 % of a condition, and the largest drops of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from robustbench_endo.metrics.aggregation import Codes, Floats, divide
from robustbench_endo.metrics.base import Metric
from robustbench_endo.results.estimates import ScoreArray, ScoreEstimator, ScoreResult
from robustbench_endo.results.schema import CLEAN

if TYPE_CHECKING:
    from robustbench_endo.results.results import Results

TAIL_FRACTION = 0.05
MAX_DROPS = 12
"""Number of largest drops in a report."""


def worst_frames_mean(estimator: ScoreEstimator, metric: Metric) -> ScoreResult | None:
    """The mean over the worst 5 % of frames of each condition (expected shortfall; Rockafellar and Uryasev, 2000).

    Args:
        metric: with a direction; overlaps count per frame.

    Returns:
        None for a metric that a single frame does not have.
    """
    values = metric.frame_values(estimator.frame)
    if values is None:
        return None
    values = values * metric.scale

    def scores(weights: Floats) -> ScoreArray:
        by_unit, codes = np.ascontiguousarray(weights.T), estimator.units.codes
        tails = [
            tail_mean(values[rows], codes[rows], by_unit, TAIL_FRACTION, bool(metric.higher_is_better))
            for rows in _rows_by_condition(estimator)
        ]
        return estimator.arrange(np.stack(tails, axis=1))

    units = estimator.units
    point, single = scores(np.ones((1, units.number))), np.eye(units.number)
    if estimator.resampling is None:
        return ScoreResult(point)
    return ScoreResult(
        point,
        scores(1 - single),
        scores(single),
        units.sizes,
        estimator.resampling.confidence,
        metric.upper_bound,
    )


def tail_mean(values: Floats, units: Codes, weights: Floats, fraction: float, higher_is_better: bool) -> Floats:
    """The mean over the worst ``fraction`` of weighted frames, a frame at the boundary counting in part.

    Args:
        values: of the frames, (n,); values that are not finite are left out.
        units: unit of each frame, (n,).
        weights: of the units, (units, R).

    Returns:
        (R,), NaN without frames.
    """
    finite = np.isfinite(values)
    values, units = values[finite], units[finite]
    order = np.argsort(values if higher_is_better else -values, kind="stable")
    frames = np.bincount(units, minlength=len(weights)).astype(np.float64)
    size = fraction * (frames @ weights)
    total, remaining = np.zeros(weights.shape[1]), size.copy()
    # The worst frames soon fill the tail: most of the sorted frames are not visited.
    for start in range(0, len(order), 32):
        if not (remaining > 0).any():
            break
        block = order[start : start + 32]
        mass = weights[units[block]]
        taken = np.clip(remaining - (np.cumsum(mass, axis=0) - mass), 0, mass)
        total += values[block] @ taken
        remaining -= taken.sum(0)
    return divide(total, size)


def largest_drops(results: Results, count: int = MAX_DROPS) -> pd.DataFrame:
    """The ``count`` largest drops of a frame's score below its own clean score.

    One drop per model x corruption x frame is listed: of several severities with the same drop the weakest. The score
    is that of the leading task with a score per frame. Of several draws of a condition only the first counts, whose
    images can be stored.

    Returns:
        Columns ``model, corruption, severity, image_id, score, clean_score, drop`` (fractions, ``drop`` negative),
        largest drop first; empty without such a task.
    """
    columns = ["model", "corruption", "severity", "image_id", "score"]
    column = next((name for task in reversed(results.tasks) if (name := task.frame_column())), None)
    if column is None:
        return pd.DataFrame(columns=[*columns, "clean_score", "drop"])
    first_draw = results.frame[results.frame["replicate"] == 0]
    scored = first_draw.rename(columns={column: "score"})[columns].dropna(subset="score")
    clean = scored.loc[scored["corruption"] == CLEAN, ["model", "image_id", "score"]]
    clean = clean.rename(columns={"score": "clean_score"})
    corrupted = scored[scored["corruption"] != CLEAN].merge(clean, on=["model", "image_id"])
    corrupted = corrupted.assign(drop=corrupted["score"] - corrupted["clean_score"])
    order = corrupted.sort_values(["drop", "severity", "model", "corruption", "image_id"], kind="stable")
    return order.drop_duplicates(["model", "corruption", "image_id"]).head(count).reset_index(drop=True)


def _rows_by_condition(estimator: ScoreEstimator) -> list[np.ndarray]:
    order = np.argsort(estimator.codes, kind="stable")
    ends = np.cumsum(np.bincount(estimator.codes, minlength=len(estimator.keys)))[:-1]
    return np.split(order, ends)
