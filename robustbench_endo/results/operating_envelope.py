"""The safe operating envelope: how strong a damage may be while the numbers still clear the user's thresholds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from robustbench_endo.errors import RobustEndoError
from robustbench_endo.results.dataset_scores import Floats
from robustbench_endo.results.estimates import BootstrapResult, ScoreArray, ScoreEstimator
from robustbench_endo.results.frame_statistics import group_of_metric
from robustbench_endo.results.metric_info import METRICS, MetricInfo

INVALID = "frames without an answer"

Flags = NDArray[np.bool_]


def check_thresholds(sampler: ScoreEstimator, require: Mapping[str, float]) -> None:
    """Raise RobustEndoError for no threshold, a metric that the run lacks, or a threshold outside its range."""
    if not require:
        raise RobustEndoError("Expected at least one threshold such as dice=0.8, got none: say what is required.")
    for name, threshold in require.items():
        group_of_metric(sampler.metric_groups, name)
        quantity = METRICS.get(name)
        if quantity is None or quantity.higher_is_better is None:
            raise RobustEndoError(
                f"Expected a threshold for a metric that is better high or low, got one for {name!r}, "
                "of which neither is known: choose another metric."
            )
        _check_range(quantity, threshold)


def _check_range(quantity: MetricInfo, threshold: float) -> None:
    if quantity.scale == 100 and not 0 <= threshold <= 1:
        raise RobustEndoError(
            f"Expected a threshold for {quantity.name} between 0 and 1, got {threshold:g}: write 0.8 for 80 %."
        )
    if not (np.isfinite(threshold) and threshold >= 0):
        raise RobustEndoError(
            f"Expected a threshold for {quantity.name} of at least 0, got {threshold:g}: give it in "
            f"{quantity.unit or 'the unit of the metric'}."
        )


def envelope(sampler: ScoreEstimator, require: Mapping[str, float]) -> pd.DataFrame:
    """For each model and corruption the largest severity that is safe, with everything below it.

    A condition is safe when the end of the interval that lies on the bad side still clears every threshold, and the
    model answered every frame.

    Args:
        sampler: with a bootstrap.
        require: metric -> threshold, as a share for metrics in percent, else in the metric's unit.

    Returns:
        A row a model and corruption: ``severity`` (0: clean frames only; <NA>: not even those), ``distortion`` there
        (1 - image SSIM, mean over frames) and ``limit``: what fails next, empty when nothing does.

    Raises:
        RobustEndoError: a threshold that cannot be.
    """
    check_thresholds(sampler, require)
    shape = sampler.shape
    cleared = {
        name: clears(scores, METRICS[name], threshold)
        for name, scores in sampler.sampled(list(require))
        for threshold in [require[name]]
    }
    cleared[INVALID] = _answered(sampler)
    distortion = 1 - sampler.cube(sampler.point("image_ssim")[None]).whole()[0] / 100
    held = np.logical_and.accumulate(np.all(list(cleared.values()), axis=0), axis=-1).sum(-1) - 1
    rows = [
        {"model": model, "corruption": corruption, **_reached(int(held[m, c]), shape.severities, distortion[m, c])}
        | {"limit": ", ".join(_limits({name: flags[m, c] for name, flags in cleared.items()}, int(held[m, c]) + 1))}
        for m, model in enumerate(shape.models)
        for c, corruption in enumerate(shape.corruptions)
    ]
    table = pd.DataFrame(rows, columns=["model", "corruption", "severity", "dose", "limit"])
    return table.astype({"severity": "Int64"})


def _reached(last: int, severities: Sequence[int], distortion: Floats) -> dict[str, float | None]:
    if last < 0:
        return {"severity": None, "dose": np.nan}
    return {"severity": [0, *severities][last], "dose": float(distortion[last])}


def _limits(flags: Mapping[str, Flags], next_one: int) -> list[str]:
    return [name for name, clear in flags.items() if next_one < len(clear) and not clear[next_one]]


def clears(scores: BootstrapResult, quantity: MetricInfo, threshold: float) -> Flags:
    """Does the bad end of the interval clear the threshold, (models, corruptions, 1 + severities)."""
    ends = scores.scored(ScoreArray.whole)
    limit = threshold * quantity.scale
    flags: Flags = ends.low >= limit if quantity.higher_is_better else ends.high <= limit
    return flags


def _answered(sampler: ScoreEstimator) -> Flags:
    lost: Floats = sampler.cube(sampler.counts()["unanswered"].to_numpy(np.float64)[None]).whole()[0]
    flags: Flags = ~(lost > 0)
    return flags
