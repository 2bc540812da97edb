"""Shares of frames by severity, over sets of corruptions, with intervals by subject."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from robustbench_endo.metrics.aggregation import Floats, divide, mean_of_present
from robustbench_endo.results.resampling import clopper_pearson, jackknife_interval


def shares_by_scope(
    frames: pd.DataFrame, columns: Sequence[str], scopes: Mapping[str, Sequence[str]], confidence: float
) -> pd.DataFrame:
    """Mean over the frames of each corruption and severity, then over the corruptions of each scope.

    Args:
        frames: one row per frame and condition: ``corruption``, ``severity``, ``subject_id`` and shares in percent,
            NaN where a share is not defined.
        columns: names of the shares.
        scopes: name -> its corruptions.
        confidence: of the intervals, from leaving out one subject at a time.

    Returns:
        One row per scope and severity: ``scope``, ``severity``, and per share its mean, ``NAME_low`` and ``NAME_high``;
        the ends are NaN with a single subject.
    """
    subject, subjects = pd.factorize(frames["subject_id"])
    corruption, names = pd.factorize(frames["corruption"])
    severity, levels = pd.factorize(frames["severity"].astype(np.float64), sort=True)
    shape = (len(subjects), len(names), len(levels), len(columns))
    values = frames[list(columns)].to_numpy(np.float64)
    sums, counts = np.zeros(shape), np.zeros(shape)
    np.add.at(sums, (subject, corruption, severity), np.nan_to_num(values))
    np.add.at(counts, (subject, corruption, severity), np.isfinite(values).astype(np.float64))
    parts = [
        _with_intervals(scope, levels, columns, sums[:, members], counts[:, members], confidence)
        for scope, corruptions in scopes.items()
        if (members := [index for index, name in enumerate(names) if name in corruptions])
    ]
    return pd.concat(parts, ignore_index=True)


def _interval(point: Floats, left_out: Floats, sizes: Floats, confidence: float) -> tuple[Floats, Floats]:
    """The jackknife interval of a share in percent that few subjects have.

    Shares of n subjects are moved towards one half by 3/8 of a subject (Anscombe, Biometrika 1948): without it, the arc
    sine makes the interval of a share of one subject wider than that of two, because the share without it is 0.
    """
    if (left_out == point).all():
        return point, point
    number, shift = len(left_out), 3 / 8
    moved, without = ((number * share / 100 + shift) / (number + 2 * shift) for share in (point, left_out))
    ends = jackknife_interval(moved, without, sizes, confidence, 1)
    low, high = (100 * ((number + 2 * shift) * end - shift) / number for end in ends)
    return np.clip(low, 0, 100), np.clip(high, 0, 100)


def _with_intervals(
    scope: str, levels: Sequence[float], columns: Sequence[str], sums: Floats, counts: Floats, confidence: float
) -> pd.DataFrame:
    """The rows of a scope that have frames; ``sums`` and ``counts`` are (subjects, corruptions, severities, shares)."""
    point = mean_of_present(divide(sums.sum(0), counts.sum(0)), axis=0)
    left_out = mean_of_present(divide(sums.sum(0) - sums, counts.sum(0) - counts), axis=1)
    low, high = np.full(point.shape, np.nan), np.full(point.shape, np.nan)
    for level, share in np.ndindex(point.shape):
        sizes = counts[:, :, level, share].sum(1)
        present = sizes > 0  # subjects without the condition say nothing about it
        if present.sum() > 1:
            value, others = point[level, share], left_out[present, level, share]
            ends = _interval(value, others, sizes[present], confidence)
            low[level, share], high[level, share] = clopper_pearson(value, ends, len(others), confidence, 100)
    table = pd.DataFrame({"scope": scope, "severity": np.asarray(levels, np.float64)})
    for position, name in enumerate(columns):
        table[name], table[f"{name}_low"], table[f"{name}_high"] = (part[:, position] for part in (point, low, high))
    return table[counts.any((0, 1, 3))]
