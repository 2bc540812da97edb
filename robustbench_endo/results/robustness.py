"""A run in few numbers: what is left of a metric under corruption."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import pandas as pd

from robustbench_endo.errors import UnknownNameError
from robustbench_endo.results.area import area_by_dose, area_by_severity
from robustbench_endo.results.corruption_error import (
    as_errors,
    mean_corruption_error,
    relative_mean_corruption_error,
)
from robustbench_endo.results.cube import Cube
from robustbench_endo.results.quantities import QUANTITIES, Quantity
from robustbench_endo.results.sampling import Sampled, Sampler, Spread, spread
from robustbench_endo.results.scoring import Floats, divide
from robustbench_endo.results.table import PARTS, row_formulas
from robustbench_endo.results.worst import worst_frames_mean

DOSE = "image_ssim"


@dataclass(frozen=True)
class Aggregate:
    """A number that sums a metric up over all conditions.

    Attributes:
        name: its row in :meth:`Results.robustness`; a group's mean is ``mean_<group>``.
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
    sampler: Sampler, metrics: Sequence[str], groups: Mapping[str, str], baseline: str | None = None
) -> pd.DataFrame:
    """Rows (metric, aggregate), columns models, or (model, part) with intervals.

    Args:
        sampler: of the run.
        groups: corruption -> group.
        baseline: the model that mCE is relative to; without it there is none.

    Raises:
        RobustEndoError: a metric that the run does not hold.
        UnknownNameError: a baseline that is no model of the run.
    """
    place = None if baseline is None else _place(baseline, sampler.shape.models)
    dose = next(iter(sampler.sampled([DOSE])))[1]
    rows: dict[tuple[str, str], Spread] = {}
    for metric, scores in sampler.sampled(metrics):
        quantity = QUANTITIES.get(metric, Quantity(metric, metric, "", None, 1, "A metric of this run's own."))
        rows |= {
            (metric, name): found for name, found in _aggregates(sampler, quantity, scores, dose, groups, place).items()
        }
    ordered = {key: value for metric in metrics for key, value in rows.items() if key[0] == metric}
    return _frame(ordered, sampler.shape.models, sampler.bootstrap is not None)


def _aggregates(
    sampler: Sampler,
    quantity: Quantity,
    scores: Sampled,
    dose: Sampled,
    groups: Mapping[str, str],
    baseline: int | None,
) -> dict[str, Spread]:
    formulas: dict[str, Callable[[Cube], Floats]] = {"clean": lambda cube: cube.clean, "mean": Cube.over_corruptions}
    rows = row_formulas(groups)
    formulas |= {f"mean_{name}": rows[kind, name] for kind, name in rows if kind == "mean" and name != "all"}
    found = {name: scores.scored(formula) for name, formula in formulas.items()}
    found["relative"] = scores.spread(lambda cube: 100 * divide(cube.over_corruptions(), cube.clean))
    if quantity.higher_is_better is not None:
        found["drop"] = scores.spread(partial(_drop, sign=1 if quantity.higher_is_better else -1))
    if quantity.higher_is_better is not None:
        worst = worst_frames_mean(sampler, quantity.name, quantity.scale, quantity.higher_is_better)
        if worst is not None:
            found["worst_frames"] = worst.spread(Cube.over_corruptions)
    found["area"] = scores.spread(partial(area_by_severity, severities=sampler.shape.severities))
    found["area_dose"] = _area_by_dose(scores, dose)
    if baseline is not None and quantity.higher_is_better is not None:
        found["mce"] = scores.spread(lambda cube: mean_corruption_error(as_errors(cube, quantity), baseline))
        found["relative_mce"] = scores.spread(
            lambda cube: relative_mean_corruption_error(as_errors(cube, quantity), baseline)
        )
    return found


def _drop(cube: Cube, sign: int) -> Floats:
    return sign * (cube.clean - cube.over_corruptions())


def _area_by_dose(scores: Sampled, dose: Sampled) -> Spread:
    drawn = None
    if scores.draws is not None and dose.draws is not None:
        drawn = area_by_dose(scores.draws, dose.draws)
    return spread(area_by_dose(scores.point, dose.point), drawn, scores.number, scores.level)


def _frame(rows: Mapping[tuple[str, str], Spread], models: Sequence[str], intervals: bool) -> pd.DataFrame:
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
            f"Expected a model of the run as the baseline, found {baseline!r}: choose from {', '.join(models)}."
        )
    return list(models).index(baseline)
