"""The safe operating envelope: the strongest corruption at which a model still clears the user's thresholds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from robustbench_endo.errors import RobustEndoError
from robustbench_endo.metrics.aggregation import Floats
from robustbench_endo.metrics.base import Metric
from robustbench_endo.results.estimates import ScoreArray, ScoreEstimator, ScoreResult
from robustbench_endo.results.metrics import find_metric
from robustbench_endo.results.severity import has_fractions

INVALID_PREDICTIONS = "frames without a valid prediction"

BORDERLINE = 0.05
"""Fraction of the distance between a number and its bound by which the bound may differ from a threshold and still be
borderline: an interval of other patients would differ by more."""

Flags = NDArray[np.bool_]


def check_thresholds(estimator: ScoreEstimator, thresholds: Mapping[str, float]) -> None:
    """Raise RobustEndoError for no threshold, a metric that the run lacks, or a threshold outside its range."""
    if not thresholds:
        raise RobustEndoError("Expected at least one threshold such as dice=0.8, got none: name a metric.")
    for name, threshold in thresholds.items():
        check_threshold(estimator.metrics, name, threshold)


def check_threshold(metrics: Sequence[Metric], name: str, threshold: float) -> None:
    """Raise RobustEndoError for an unknown metric, one without a direction, or a threshold outside its range."""
    metric = find_metric(metrics, name)
    if metric.higher_is_better is None:
        raise RobustEndoError(
            f"Expected a threshold for a metric with a direction, got one for {name!r}, which has none: choose "
            "another metric."
        )
    if metric.scale == 100 and not 0 <= threshold <= 1:
        raise RobustEndoError(
            f"Expected a threshold for {metric.name} between 0 and 1, got {threshold:g}: write 0.8 for 80 %."
        )
    if not (np.isfinite(threshold) and threshold >= 0):
        raise RobustEndoError(
            f"Expected a threshold for {metric.name} of at least 0, got {threshold:g}: give it in "
            f"{metric.unit or 'the unit of the metric'}."
        )


def operating_envelope(estimator: ScoreEstimator, thresholds: Mapping[str, float], n_invalid: Floats) -> pd.DataFrame:
    """For each model and corruption the largest severity that is safe, together with all below it.

    A condition is safe when the worst-case confidence bound clears every threshold and every frame has a valid
    prediction. One subject has no interval: then the number itself has to clear it, ``.attrs["bound"]`` is False, and
    the range holds for these frames only.

    Args:
        estimator: with settings for intervals.
        thresholds: metric -> threshold, as a fraction for metrics in percent, else in the metric's unit.
        n_invalid: frames without a valid prediction at each condition of the estimator's keys.

    Returns:
        One row per model and corruption: ``severity`` (0: only clean frames; <NA>: not even those), ``distortion``
        there (1 - image SSIM, mean over frames), ``limit``: what fails at the next severity, empty for nothing, and
        ``borderline``: whether a bound there or at the next severity is so close to a threshold that the verdict is
        not certain (:data:`BORDERLINE`).

    Raises:
        RobustEndoError: an invalid threshold.
    """
    check_thresholds(estimator, thresholds)
    conditions = estimator.conditions
    cleared, close = {}, np.zeros(())
    for name, scores in estimator.results(list(thresholds)):
        cleared[name], near = clears(scores, find_metric(estimator.metrics, name), thresholds[name])
        close = np.maximum(close, near)
    invalid = estimator.arrange(n_invalid[None]).with_clean()[0]
    cleared[INVALID_PREDICTIONS] = np.asarray(~(invalid > 0))
    distortion = 1 - estimator.arrange(estimator.point("image_ssim")[None]).with_clean()[0] / 100
    last_safe = np.logical_and.accumulate(np.all(list(cleared.values()), axis=0), axis=-1).sum(-1) - 1
    rows = [
        {"model": model, "corruption": corruption}
        | _reached(int(last_safe[m, c]), conditions.severities, distortion[m, c])
        | {"limit": ", ".join(_limits({name: each[m, c] for name, each in cleared.items()}, int(last_safe[m, c]) + 1))}
        | {"borderline": bool(close[m, c, max(int(last_safe[m, c]), 0) : int(last_safe[m, c]) + 2].any())}
        for m, model in enumerate(conditions.models)
        for c, corruption in enumerate(conditions.corruptions)
    ]
    table = pd.DataFrame(rows, columns=["model", "corruption", "severity", "distortion", "limit", "borderline"])
    table = table.astype({"severity": "Float64" if has_fractions(conditions.severities) else "Int64"})
    table.attrs["bound"] = estimator.units.number > 1
    return table


def clears(scores: ScoreResult, metric: Metric, threshold: float) -> tuple[Flags, Flags]:
    """Whether the worst-case confidence bound clears the threshold, and whether it is close to it.

    With one subject, whether the number itself does, which then is never close.

    Returns:
        Two arrays (models, corruptions, 1 + severities).
    """
    estimate = scores.estimate_mean(ScoreArray.with_clean)
    low, high = (estimate.low, estimate.high) if len(scores.sizes) > 1 else (estimate.value, estimate.value)
    limit = threshold * metric.scale
    bound = low if metric.higher_is_better else high
    flags = bound >= limit if metric.higher_is_better else bound <= limit
    return flags, np.abs(bound - limit) < BORDERLINE * np.abs(estimate.value - bound)


def _reached(last_safe: int, severities: Sequence[float], distortion: Floats) -> dict[str, float | None]:
    if last_safe < 0:
        return {"severity": None, "distortion": np.nan}
    return {"severity": [0, *severities][last_safe], "distortion": float(distortion[last_safe])}


def _limits(cleared: Mapping[str, Flags], following: int) -> list[str]:
    return [name for name, flags in cleared.items() if following < len(flags) and not flags[following]]
