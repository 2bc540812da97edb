"""Summary metrics: aggregates of a metric over all conditions of a run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from robustbench_endo.errors import UnknownNameError
from robustbench_endo.metrics.aggregation import Floats, divide, mean_of_present
from robustbench_endo.metrics.base import Metric
from robustbench_endo.results.estimates import (
    PARTS,
    Estimate,
    ScoreArray,
    ScoreEstimator,
    ScoreResult,
    estimate_left_out,
)
from robustbench_endo.results.floors import Floors, above_floor
from robustbench_endo.results.metrics import find_metric
from robustbench_endo.results.resampling import subject_mean_interval
from robustbench_endo.results.table import row_formulas
from robustbench_endo.results.tail_risk import worst_frames_mean


def area_by_severity(scores: ScoreArray, severities: Sequence[float]) -> Floats:
    """Mean height of the curve from severity 0 (clean) to the strongest, (R, models), mean over corruptions."""
    strength = np.array([0, *severities], np.float64)
    values = scores.with_clean()
    return mean_of_present(mean_height(np.broadcast_to(strength, values.shape), values), -1)


def area_by_distortion(scores: ScoreArray, image_ssim: ScoreArray) -> Floats:
    """Mean height of the curve over the distortion, from 0 to the largest of each corruption, (R, models).

    Args:
        scores: the metric.
        image_ssim: in percent; the distortion of a condition is 1 - image SSIM as a fraction, mean over frames.
    """
    distortion = 1 - image_ssim.with_clean() / 100
    order = np.argsort(distortion, axis=-1, kind="stable")
    x, y = (np.take_along_axis(values, order, -1) for values in (distortion, scores.with_clean()))
    return mean_of_present(mean_height(x, y), -1)


def mean_height(x: Floats, y: Floats) -> Floats:
    """Trapezoidal area under y(x) along the last axis over the range of x; NaN for a curve with a gap or no range."""
    area = ((y[..., 1:] + y[..., :-1]) / 2 * np.diff(x)).sum(-1)
    return divide(area, x[..., -1] - x[..., 0])


def as_errors(scores: ScoreArray, metric: Metric) -> ScoreArray:
    """100 % - score for a metric where higher is better; a distance or an error is returned unchanged."""
    if not metric.higher_is_better:
        return scores
    return ScoreArray(metric.scale - scores.clean, metric.scale - scores.corrupted)


def mean_corruption_error(errors: ScoreArray, baseline: int) -> Floats:
    """mCE in percent, (R, models): mean over corruptions of sum_s E(s, c) / sum_s E_baseline(s, c).

    Source: Hendrycks and Dietterich, ICLR 2019.

    A corruption under which the baseline makes no error, or that lacks a severity, is left out of the mean.
    """
    summed = errors.corrupted.sum(-1)
    return 100 * mean_of_present(divide(summed, summed[:, [baseline]]), -1)


def relative_mean_corruption_error(errors: ScoreArray, baseline: int) -> Floats:
    """Relative mCE in percent, (R, models): as mCE, of the errors above each model's own clean error.

    A corruption under which the baseline gets no worse is left out of the mean.
    """
    increase = (errors.corrupted - errors.clean[:, :, None, None]).sum(-1)
    return 100 * mean_of_present(divide(increase, np.broadcast_to(increase[:, [baseline]], increase.shape)), -1)


@dataclass(frozen=True)
class Aggregate:
    """A summary of a metric over all conditions.

    Attributes:
        name: row of :meth:`Results.robustness`; the mean of a category is ``mean_<category>``.
        label: heading in tables and reports.
        unit: None for the unit of the metric.
        description: definition in one sentence.
    """

    name: str
    label: str
    unit: str | None
    description: str


AGGREGATES: dict[str, Aggregate] = {
    aggregate.name: aggregate
    for aggregate in (
        Aggregate("clean", "Clean", None, "The metric on clean frames."),
        Aggregate("mean", "Mean of corruptions", None, "Mean over severities, then over corruptions."),
        Aggregate(
            "subject_clean",
            "Clean, per subject",
            None,
            "Mean over subjects of each one's own score on clean frames: every patient or sequence counts once.",
        ),
        Aggregate(
            "subject_mean",
            "Mean of corruptions, per subject",
            None,
            "Mean over subjects of each one's own mean of corruptions: every patient or sequence counts once.",
        ),
        Aggregate(
            "relative",
            "Retained above the floor",
            "%",
            "How much of what the clean value is better than its floor (a predictor that sees no image) the mean of "
            "corruptions retains; a dash where the clean value is not better, or the metric has no floor.",
        ),
        Aggregate(
            "ratio_to_clean",
            "Ratio to clean",
            "%",
            "The mean of corruptions as a percentage of the clean value, counted from 0.",
        ),
        Aggregate("drop", "Change for the worse", None, "How far the mean of corruptions is worse than clean."),
        Aggregate(
            "worst_frames",
            "Worst 5 % of frames",
            None,
            "Mean over the worst 5 % of frames of a condition, then as the mean of corruptions; overlaps per frame.",
        ),
        Aggregate(
            "area", "Area, by severity", None, "Mean height of the curve from severity 0 to the strongest, trapezoid."
        ),
        Aggregate(
            "area_distortion",
            "Area, by distortion",
            None,
            "Mean height of the curve over the distortion, 1 - image SSIM, from 0 to the largest.",
        ),
        Aggregate("mce", "mCE", "%", "Mean over corruptions of the error relative to the error of the baseline."),
        Aggregate(
            "relative_mce", "Relative mCE", "%", "As mCE, of the errors above the error of each model on clean frames."
        ),
    )
}


def robustness_table(
    estimator: ScoreEstimator,
    metrics: Sequence[str],
    categories: Mapping[str, str],
    baseline: str | None = None,
    floors: Floors | None = None,
) -> pd.DataFrame:
    """Rows (metric, aggregate), columns models, or (model, part) with intervals.

    Args:
        estimator: of the run.
        metrics: their names.
        categories: corruption -> category.
        baseline: the model that mCE is relative to; None for no mCE.
        floors: of the run; None for no retention above them.

    Raises:
        RobustEndoError: a metric that the run does not have.
        UnknownNameError: a baseline that is not a model of the run.
    """
    models = estimator.conditions.models
    baseline_index = None if baseline is None else _index(baseline, models)
    ((_, distortion),) = estimator.results(["image_ssim"])
    by_subject = estimator.subject_scores(metrics)
    rows: dict[tuple[str, str], Estimate] = {}
    for name, scores in estimator.results(metrics):
        metric = find_metric(estimator.metrics, name)
        estimates = _aggregates(estimator, metric, scores, distortion, categories, baseline_index)
        estimates |= _by_subject(by_subject[name], metric, estimator)
        floor = floors.of_metric(name) if floors else None
        estimates["relative"] = _above_floor(scores, None if floor is None else floor[1], metric)
        rows |= {(name, aggregate): estimates[aggregate] for aggregate in _ordered(estimates)}
    ordered = {key: value for name in metrics for key, value in rows.items() if key[0] == name}
    return _frame(ordered, models, intervals=estimator.resampling is not None)


def _aggregates(
    estimator: ScoreEstimator,
    metric: Metric,
    scores: ScoreResult,
    distortion: ScoreResult,
    categories: Mapping[str, str],
    baseline: int | None,
) -> dict[str, Estimate]:
    formulas: dict[str, Callable[[ScoreArray], Floats]] = {
        "clean": lambda values: values.clean,
        "mean": ScoreArray.mean_over_corruptions,
    }
    rows = row_formulas(categories)
    formulas |= {f"mean_{name}": rows[kind, name] for kind, name in rows if kind == "mean" and name != "all"}
    estimates = {name: scores.estimate_mean(formula) for name, formula in formulas.items()}
    estimates["ratio_to_clean"] = scores.estimate(
        lambda values: 100 * divide(values.mean_over_corruptions(), values.clean)
    )
    if metric.higher_is_better is not None:
        estimates["drop"] = scores.estimate(partial(_drop, sign=1 if metric.higher_is_better else -1))
        worst = worst_frames_mean(estimator, metric)
        if worst is not None:
            estimates["worst_frames"] = worst.estimate_mean(ScoreArray.mean_over_corruptions)
    estimates["area"] = scores.estimate(partial(area_by_severity, severities=estimator.conditions.severities))
    estimates["area_distortion"] = _area_by_distortion(scores, distortion)
    if baseline is not None and metric.higher_is_better is not None:
        estimates["mce"] = scores.estimate(lambda values: mean_corruption_error(as_errors(values, metric), baseline))
        estimates["relative_mce"] = scores.estimate(
            lambda values: relative_mean_corruption_error(as_errors(values, metric), baseline)
        )
    return estimates


def _by_subject(scores: ScoreArray, metric: Metric, estimator: ScoreEstimator) -> dict[str, Estimate]:
    """Clean and the mean over corruptions as the mean over subjects; with intervals where subjects are the units."""
    settings = estimator.resampling
    estimates = {}
    for name, values in (("clean", scores.clean), ("mean", scores.mean_over_corruptions())):
        mean, low, high = subject_mean_interval(values, settings.confidence if settings else 0.95, metric.upper_bound)
        if settings is None or settings.unit != "subject":
            low = high = np.full(mean.shape, np.nan)
        estimates[f"subject_{name}"] = Estimate(mean, low, high)
    return estimates


def _ordered(names: Iterable[str]) -> list[str]:
    """Names of aggregates in the order of their declaration, the means of categories behind the mean."""
    order = list(AGGREGATES)
    return sorted(names, key=lambda name: order.index(name if name in order else "mean"))


def _above_floor(scores: ScoreResult, floor: ScoreResult | None, metric: Metric) -> Estimate:
    if floor is None or metric.higher_is_better is None:
        return scores.estimate(lambda values: np.full_like(values.clean, np.nan))
    sign = 1 if metric.higher_is_better else -1
    left_out = None
    if scores.left_out is not None and floor.left_out is not None:
        left_out = above_floor(scores.left_out, floor.left_out, sign)
    point = above_floor(scores.point, floor.point, sign)[0]
    return estimate_left_out(point, left_out, scores.sizes, scores.confidence)


def _drop(scores: ScoreArray, sign: int) -> Floats:
    return sign * (scores.clean - scores.mean_over_corruptions())


def _area_by_distortion(scores: ScoreResult, distortion: ScoreResult) -> Estimate:
    left_out = None
    if scores.left_out is not None and distortion.left_out is not None:
        left_out = area_by_distortion(scores.left_out, distortion.left_out)
    point = area_by_distortion(scores.point, distortion.point)[0]
    return estimate_left_out(point, left_out, scores.sizes, scores.confidence)


def _frame(rows: Mapping[tuple[str, str], Estimate], models: Sequence[str], *, intervals: bool) -> pd.DataFrame:
    index = pd.MultiIndex.from_tuples(list(rows), names=["metric", "aggregate"])
    parts = PARTS if intervals else PARTS[:1]
    values = [
        [float(getattr(estimate, part)[column]) for column in range(len(models)) for part in parts]
        for estimate in rows.values()
    ]
    columns: pd.Index = pd.Index(list(models), name="model")
    if intervals:
        columns = pd.MultiIndex.from_product([models, parts], names=["model", "part"])
    return pd.DataFrame(values, index=index, columns=columns)


def _index(baseline: str, models: Sequence[str]) -> int:
    if baseline not in models:
        raise UnknownNameError(
            f"Expected a model of the run as the baseline, got {baseline!r}: choose from {', '.join(models)}."
        )
    return list(models).index(baseline)
