"""A run in few numbers: what is left of a metric under corruption."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from robustbench_endo.errors import UnknownNameError
from robustbench_endo.results.dataset_scores import Floats, divide, mean_of_present
from robustbench_endo.results.estimates import BootstrapResult, Estimate, ScoreArray, ScoreEstimator, spread
from robustbench_endo.results.metric_info import METRICS, MetricInfo
from robustbench_endo.results.table import PARTS, row_formulas
from robustbench_endo.results.tail_risk import tail_risk


def area_by_severity(cube: ScoreArray, severities: Sequence[int]) -> Floats:
    """Mean height of the curve from severity 0 (clean) to the strongest, (R, models), mean over corruptions."""
    strength = np.array([0, *severities], np.float64)
    return mean_of_present(mean_height(np.broadcast_to(strength, cube.whole().shape), cube.whole()), -1)


def area_by_distortion(cube: ScoreArray, image_ssim: ScoreArray) -> Floats:
    """Mean height of the curve over the measured dose, from 0 to the largest of each corruption, (R, models).

    Args:
        cube: the metric.
        image_ssim: in percent; the distortion is 1 less its share, at each condition the mean over frames.
    """
    distortion = 1 - image_ssim.whole() / 100
    order = np.argsort(distortion, axis=-1, kind="stable")
    heights = mean_height(np.take_along_axis(distortion, order, -1), np.take_along_axis(cube.whole(), order, -1))
    return mean_of_present(heights, -1)


def mean_height(x: Floats, y: Floats) -> Floats:
    """Trapezoidal area under y(x) along the last axis over the range of x; NaN for a curve with a gap or no range."""
    area = ((y[..., 1:] + y[..., :-1]) / 2 * np.diff(x)).sum(-1)
    return divide(area, x[..., -1] - x[..., 0])


def as_errors(cube: ScoreArray, quantity: MetricInfo) -> ScoreArray:
    """100 % less a score of which more is better; a distance or an error is one already."""
    if not quantity.higher_is_better:
        return cube
    return ScoreArray(quantity.scale - cube.clean, quantity.scale - cube.damaged)


def mean_corruption_error(errors: ScoreArray, baseline: int) -> Floats:
    """mCE in percent, (R, models): mean over corruptions of sum_s E(s, c) / sum_s E_baseline(s, c).

    A corruption under which the baseline makes no error, or that lacks a severity, is left out of the mean.
    """
    summed = errors.damaged.sum(-1)
    return 100 * mean_of_present(divide(summed, summed[:, [baseline]]), -1)


def relative_mean_corruption_error(errors: ScoreArray, baseline: int) -> Floats:
    """Relative mCE in percent, (R, models): as mCE, of the errors above each model's own clean error.

    A corruption under which the baseline gets no worse is left out of the mean.
    """
    grown = (errors.damaged - errors.clean[:, :, None, None]).sum(-1)
    return 100 * mean_of_present(divide(grown, np.broadcast_to(grown[:, [baseline]], grown.shape)), -1)


DISTORTION = "image_ssim"


@dataclass(frozen=True)
class Aggregate:
    """A number that sums a metric up over all conditions.

    Attributes:
        name: its row in :meth:`Results.robustness`; a category's mean is ``mean_<category>``.
        label: what a reader sees.
        unit: None for the metric's own.
        description: its definition in one sentence.
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
        Aggregate("relative", "Relative to clean", "%", "The mean of corruptions as a share of the clean value."),
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
            "area_dose",
            "Area, by dose",
            None,
            "Mean height of the curve over the measured dose, 1 - image SSIM, from 0 to the largest.",
        ),
        Aggregate("mce", "mCE", "%", "Mean over corruptions of the error as a share of the baseline's."),
        Aggregate(
            "relative_mce", "Relative mCE", "%", "As mCE, of the errors above each model's own error on clean frames."
        ),
    )
}


def robustness_table(
    sampler: ScoreEstimator, metrics: Sequence[str], categories: Mapping[str, str], baseline: str | None = None
) -> pd.DataFrame:
    """Rows (metric, aggregate), columns models, or (model, part) with intervals.

    Args:
        sampler: of the run.
        categories: corruption -> category.
        baseline: the model that mCE is relative to; without it there is none.

    Raises:
        RobustEndoError: a metric that the run does not hold.
        UnknownNameError: a baseline that is no model of the run.
    """
    place = None if baseline is None else _place(baseline, sampler.shape.models)
    distortion = next(iter(sampler.sampled([DISTORTION])))[1]
    rows: dict[tuple[str, str], Estimate] = {}
    for metric, scores in sampler.sampled(metrics):
        quantity = METRICS.get(metric, MetricInfo(metric, metric, "", None, 1, "A metric of this run's own."))
        rows |= {
            (metric, name): found
            for name, found in _aggregates(sampler, quantity, scores, distortion, categories, place).items()
        }
    ordered = {key: value for metric in metrics for key, value in rows.items() if key[0] == metric}
    return _frame(ordered, sampler.shape.models, sampler.bootstrap is not None)


def _aggregates(
    sampler: ScoreEstimator,
    quantity: MetricInfo,
    scores: BootstrapResult,
    distortion: BootstrapResult,
    categories: Mapping[str, str],
    baseline: int | None,
) -> dict[str, Estimate]:
    formulas: dict[str, Callable[[ScoreArray], Floats]] = {
        "clean": lambda cube: cube.clean,
        "mean": ScoreArray.mean_over_corruptions,
    }
    rows = row_formulas(categories)
    formulas |= {f"mean_{name}": rows[kind, name] for kind, name in rows if kind == "mean" and name != "all"}
    found = {name: scores.scored(formula) for name, formula in formulas.items()}
    found["relative"] = scores.spread(lambda cube: 100 * divide(cube.mean_over_corruptions(), cube.clean))
    if quantity.higher_is_better is not None:
        found["drop"] = scores.spread(partial(_drop, sign=1 if quantity.higher_is_better else -1))
    if quantity.higher_is_better is not None:
        worst = tail_risk(sampler, quantity.name, quantity.scale, quantity.higher_is_better)
        if worst is not None:
            found["worst_frames"] = worst.spread(ScoreArray.mean_over_corruptions)
    found["area"] = scores.spread(partial(area_by_severity, severities=sampler.shape.severities))
    found["area_dose"] = _area_by_distortion(scores, distortion)
    if baseline is not None and quantity.higher_is_better is not None:
        found["mce"] = scores.spread(lambda cube: mean_corruption_error(as_errors(cube, quantity), baseline))
        found["relative_mce"] = scores.spread(
            lambda cube: relative_mean_corruption_error(as_errors(cube, quantity), baseline)
        )
    return found


def _drop(cube: ScoreArray, sign: int) -> Floats:
    return sign * (cube.clean - cube.mean_over_corruptions())


def _area_by_distortion(scores: BootstrapResult, distortion: BootstrapResult) -> Estimate:
    drawn = None
    if scores.draws is not None and distortion.draws is not None:
        drawn = area_by_distortion(scores.draws, distortion.draws)
    return spread(area_by_distortion(scores.point, distortion.point), drawn, scores.number, scores.level)


def _frame(rows: Mapping[tuple[str, str], Estimate], models: Sequence[str], intervals: bool) -> pd.DataFrame:
    index = pd.MultiIndex.from_tuples(list(rows), names=["metric", "aggregate"])
    columns = [(model, part) for model in models for part in PARTS] if intervals else list(models)
    values = [
        [
            float(getattr(found, part)[place])
            for place in range(len(models))
            for part in (PARTS if intervals else PARTS[:1])
        ]
        for found in rows.values()
    ]
    heads = (
        pd.MultiIndex.from_tuples(columns, names=["model", "part"]) if intervals else pd.Index(columns, name="model")
    )
    return pd.DataFrame(values, index=index, columns=heads)


def _place(baseline: str, models: Sequence[str]) -> int:
    if baseline not in models:
        raise UnknownNameError(
            f"Expected a model of the run as the baseline, got {baseline!r}: choose from {', '.join(models)}."
        )
    return list(models).index(baseline)
