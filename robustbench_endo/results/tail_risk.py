"""The mean over the worst frames: what an average hides."""

from __future__ import annotations

import numpy as np
import pandas as pd

from robustbench_endo.results.dataset_scores import Floats, divide
from robustbench_endo.results.estimates import BootstrapResult, ScoreArray, ScoreEstimator
from robustbench_endo.results.schema import CLEAN, KEYS

SHARE = 0.05

_PER_FRAME = {"miou": "miou", "dice": "dice", "miou_image": "miou", "dice_image": "dice", "brier": "activity_brier"}


def frame_values(frame: pd.DataFrame, metric: str) -> Floats | None:
    """A metric of each frame, (n,); None for one that only many frames together have, such as accuracy."""
    if metric == "hd_diagonal":
        return np.asarray(frame["hd"] / frame["diagonal"], np.float64)
    column = _PER_FRAME.get(metric, metric)
    if column not in frame or column in KEYS:
        return None
    return np.asarray(frame[column], np.float64)


def tail_risk(sampler: ScoreEstimator, metric: str, scale: float, higher_is_better: bool) -> BootstrapResult | None:
    """The mean over the worst 5 % of frames of each condition (expected shortfall; Rockafellar and Uryasev, 2000).

    Args:
        metric: overlaps count per frame.
        scale: to the unit of the metric.
        higher_is_better: else the largest values are the worst.

    Returns:
        None for a metric that no single frame has.
    """
    values = frame_values(sampler.frame, metric)
    if values is None:
        return None
    values = values * scale

    def cube(weights: Floats) -> ScoreArray:
        by_unit, codes = np.ascontiguousarray(weights.T), sampler.units.codes
        tails = [tail_mean(values[rows], codes[rows], by_unit, SHARE, higher_is_better) for rows in _rows(sampler)]
        return sampler.cube(np.stack(tails, axis=1))

    point = cube(np.ones((1, sampler.units.number)))
    if sampler.bootstrap is None:
        return BootstrapResult(point, None)
    return BootstrapResult(point, cube(sampler.weights), sampler.units.number, sampler.bootstrap.level)


def tail_mean(values: Floats, units: np.ndarray, weights: Floats, share: float, higher_is_better: bool) -> Floats:
    """The mean over the worst ``share`` of weighted frames, a frame at the border counting in part; NaN without frames.

    Args:
        values: of the frames, (n,); what is not finite is left out.
        units: unit of each frame, (n,).
        weights: of the units, (units, R).

    Returns:
        (R,).
    """
    finite = np.isfinite(values)
    values, units = values[finite], units[finite]
    order = np.argsort(values if higher_is_better else -values, kind="stable")
    frames = np.bincount(units, minlength=len(weights)).astype(np.float64)
    wanted = share * (frames @ weights)
    total, left = np.zeros(weights.shape[1]), wanted.copy()
    # The worst frames fill the tail soon: the long rest of the sorted frames is not looked at.
    for start in range(0, len(order), 32):
        if not (left > 0).any():
            break
        some = order[start : start + 32]
        mass = weights[units[some]]
        taken = np.clip(left - (np.cumsum(mass, axis=0) - mass), 0, mass)
        total += values[some] @ taken
        left -= taken.sum(0)
    return divide(total, wanted)


def _rows(sampler: ScoreEstimator) -> list[np.ndarray]:
    order = np.argsort(sampler.codes, kind="stable")
    ends = np.cumsum(np.bincount(sampler.codes, minlength=len(sampler.keys)))[:-1]
    return np.split(order, ends)


KEPT = 12
"""How many of them a report shows."""


def largest_drops(frame: pd.DataFrame, count: int = KEPT) -> pd.DataFrame:
    """The ``count`` deepest falls of a frame's mIoU below its own clean score, one a model x corruption x frame.

    Of several severities the weakest that falls as deep is taken.

    Args:
        frame: records, columns as in :mod:`robustbench_endo.results.schema`.

    Returns:
        Columns ``model, corruption, severity, image_id, miou, before, fall`` (shares, ``fall`` negative), deepest
        first; empty without masks.
    """
    columns = ["model", "corruption", "severity", "image_id", "miou"]
    scored = frame[columns].dropna(subset="miou")
    clean = scored.loc[scored["corruption"] == CLEAN, ["model", "image_id", "miou"]]
    clean = clean.rename(columns={"miou": "before"})
    damaged = scored[scored["corruption"] != CLEAN].merge(clean, on=["model", "image_id"])
    damaged = damaged.assign(fall=damaged["miou"] - damaged["before"])
    order = damaged.sort_values(["fall", "severity", "model", "corruption", "image_id"], kind="stable")
    return order.drop_duplicates(["model", "corruption", "image_id"]).head(count).reset_index(drop=True)
