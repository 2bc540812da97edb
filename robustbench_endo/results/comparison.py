"""Differences between models on the same resamples of the same frames."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from robustbench_endo.errors import RobustEndoError, UnknownNameError
from robustbench_endo.metrics.aggregation import Floats, mean_of_present
from robustbench_endo.metrics.base import Metric
from robustbench_endo.results.bootstrap import Bootstrap, holm, p_value
from robustbench_endo.results.combine import combine_runs, common_frames
from robustbench_endo.results.estimates import BootstrapResult, estimate_from_draws
from robustbench_endo.results.results import Results
from robustbench_endo.results.schema import RECORDED
from robustbench_endo.results.table import row_formulas


@dataclass(frozen=True)
class Comparison:
    """Models compared with a baseline.

    Attributes:
        baseline: the model that the others are compared with.
        models: all of them, the baseline included.
        differences: one row per metric x model x table row: ``metric, model, category, corruption, value, baseline``,
            ``difference`` (value - baseline, in the metric's unit) with ``low, high``, ``p`` (two-sided, paired
            bootstrap) and ``p_holm`` (corrected over the corruptions, and over the recorded conditions; NaN for clean
            and for means).
        ranks: one row per metric x model: ``rank`` (mean over corruptions, 1 is best) with ``low, high``, and
            ``first``: fraction of resamples in which no model has a better mean over corruptions.
        statement: what was resampled, in one sentence.
        warnings: why the intervals have to be interpreted with caution, and which frames were left out.
    """

    baseline: str
    models: list[str]
    differences: pd.DataFrame
    ranks: pd.DataFrame
    statement: str
    warnings: list[str]


def compare(
    runs: Results | Sequence[Results],
    metrics: Sequence[str] | None = None,
    baseline: str | None = None,
    bootstrap: Bootstrap | None = None,
) -> Comparison:
    """Compare models of one or several runs.

    Args:
        runs: of the same frames and protocol; a model name that occurs twice becomes ``run/model``.
        metrics: names of metrics with a direction; None for one per task.
        baseline: the model that the others are compared with; None for the first.
        bootstrap: settings; None for the defaults.

    Raises:
        RunError: runs that cannot be compared; the message says what differs.
        UnknownNameError: a baseline that is not a model of the runs.
        RobustEndoError: fewer than two models, or a metric that the runs lack or that has no direction.
    """
    combined = combine_runs([runs] if isinstance(runs, Results) else runs)
    metrics = combined.headlines if metrics is None else metrics
    baseline = combined.models[0] if baseline is None else baseline
    _check(combined, metrics, baseline)
    common, n_excluded = common_frames(combined)
    estimator = common.estimator(bootstrap or Bootstrap())
    differences, ranks = {}, {}
    for name, scores in estimator.results(metrics):
        differences[name] = _differences(scores, name, combined, combined.models.index(baseline))
        ranks[name] = _ranks(scores, combined.metric(name), combined.models)
    warnings = [estimator.units.warning] if estimator.units.warning else []
    if n_excluded:
        warnings.append(
            f"{n_excluded} frame-conditions without a valid prediction of every model are excluded for all models: a "
            "model must not gain by giving no prediction."
        )
    return Comparison(
        baseline,
        combined.models,
        pd.concat([differences[name] for name in metrics], ignore_index=True),
        pd.concat([ranks[name] for name in metrics], ignore_index=True),
        estimator.units.statement,
        warnings,
    )


def _check(combined: Results, metrics: Sequence[str], baseline: str) -> None:
    models = combined.models
    if len(models) < 2:
        raise RobustEndoError(f"Expected at least two models to compare, got only {models[0]}: give another run.")
    if baseline not in models:
        raise UnknownNameError(
            f"Expected a model of the runs to compare with, got {baseline!r}: choose from {', '.join(models)}."
        )
    if not metrics:
        raise RobustEndoError("Expected at least one metric to compare, got none: name one such as miou.")
    for name in metrics:
        if combined.metric(name).higher_is_better is None:
            raise RobustEndoError(
                f"Expected a metric with a direction, got {name!r}, for which neither high nor low is better: choose "
                "another, or declare higher_is_better in its class."
            )


def _differences(scores: BootstrapResult, metric: str, combined: Results, baseline: int) -> pd.DataFrame:
    assert scores.draws is not None
    rows = []
    formulas = row_formulas(combined.corruption_categories, combined.recorded_conditions)
    for (category, corruption), formula in formulas.items():
        point, draws = formula(scores.point), formula(scores.draws)
        difference, difference_draws = point - point[:, [baseline]], draws - draws[:, [baseline]]
        estimate = estimate_from_draws(difference, difference_draws, scores.number, scores.confidence)
        p = p_value(difference[0], difference_draws, scores.number)
        rows += [
            {
                "metric": metric,
                "model": model,
                "category": category,
                "corruption": corruption,
                "value": float(point[0, index]),
                "baseline": float(point[0, baseline]),
                "difference": float(estimate.value[index]),
                "low": float(estimate.low[index]),
                "high": float(estimate.high[index]),
                "p": float(p[index]),
            }
            for index, model in enumerate(combined.models)
            if index != baseline
        ]
    table = pd.DataFrame(rows).sort_values("model", key=lambda names: names.map(combined.models.index), kind="stable")
    return table.assign(p_holm=_corrected(table)).reset_index(drop=True)


def _corrected(table: pd.DataFrame) -> pd.Series:
    single = ~table["category"].isin(("mean", "clean"))
    corrected = pd.Series(np.nan, index=table.index)
    # Recorded conditions are corrected among themselves: having them does not change the result for the corruptions.
    for _, rows in table[single].groupby(["model", table["category"] == RECORDED], sort=False):
        corrected[rows.index] = holm(rows["p"].to_numpy(np.float64))
    return corrected


def _ranks(scores: BootstrapResult, metric: Metric, models: Sequence[str]) -> pd.DataFrame:
    assert scores.draws is not None
    sign = 1.0 if metric.higher_is_better else -1.0
    estimate = scores.estimate(lambda values: mean_rank(sign * values.mean_over_severities()))
    mean = sign * scores.draws.mean_over_corruptions()
    best = np.where(np.isnan(mean), -np.inf, mean).max(axis=1, keepdims=True)
    first = np.where(np.isnan(mean).all(0), np.nan, (mean == best).mean(0))
    columns: dict[str, object] = {
        "metric": metric.name,
        "model": list(models),
        "rank": estimate.value,
        "low": estimate.low,
        "high": estimate.high,
        "first": first,
    }
    return pd.DataFrame(columns)


def mean_rank(values: Floats) -> Floats:
    """Mean over corruptions of the rank of each model, (R, models) of values (R, models, corruptions).

    1 is the highest value; equal values share the mean of their ranks. A corruption that a model lacks is left out.
    """
    complete = np.asarray(np.isfinite(values).all(1))
    above = (values[:, None] > values[:, :, None]).sum(2)
    equal = (values[:, None] == values[:, :, None]).sum(2)
    rank = np.where(complete[:, None], 1 + above + (equal - 1) / 2, np.nan)
    return mean_of_present(rank, -1)
