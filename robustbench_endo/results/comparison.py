"""Differences between models on the same resamples of the same frames."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from robustbench_endo.errors import RobustEndoError, UnknownNameError
from robustbench_endo.results.bootstrap import Bootstrap, holm, p_value
from robustbench_endo.results.combine import common_frames, merged
from robustbench_endo.results.dataset_scores import Floats, mean_of_present
from robustbench_endo.results.estimates import BootstrapResult, spread
from robustbench_endo.results.metric_info import METRICS
from robustbench_endo.results.results import Results
from robustbench_endo.results.schema import RECORDED
from robustbench_endo.results.table import row_formulas


@dataclass(frozen=True)
class Comparison:
    """Models against one of them.

    Attributes:
        against: the model that the others are compared with.
        models: all of them, ``against`` among them.
        differences: a row a metric x model x table row: ``metric, model, category, corruption, value, against``,
            ``difference`` (value less against, in the metric's unit) with ``low, high``, ``p`` (two-sided, paired
            bootstrap) and ``p_holm`` (corrected over the corruptions, and over the real
            conditions; NaN for the rows that are means or clean).
        ranks: a row a metric x model: ``rank`` (mean over corruptions, 1 = best) with ``low, high``, and ``first``:
            share of resamples in which no model has a better mean over corruptions.
        unit: what was resampled, in one sentence.
        warnings: why the intervals are to be read with care, and which frames were left out.
    """

    against: str
    models: list[str]
    differences: pd.DataFrame
    ranks: pd.DataFrame
    unit: str
    warnings: list[str]


def compare(
    runs: Results | Sequence[Results],
    metrics: Sequence[str] = ("accuracy", "miou"),
    against: str | None = None,
    bootstrap: Bootstrap | None = None,
) -> Comparison:
    """Compare models of one or several runs.

    Args:
        runs: of the same pictures and protocol; a model name that occurs twice becomes ``run/model``.
        metrics: what to compare; each has a direction.
        against: the model that the others are compared with; None: the first.
        bootstrap: settings; None: as they stand.

    Raises:
        RunError: runs that cannot be compared; says what differs.
        UnknownNameError: no model of the name ``against``.
        RobustEndoError: fewer than two models, or a metric that the runs do not hold or that has no direction.
    """
    whole = merged([runs] if isinstance(runs, Results) else runs)
    against = whole.models[0] if against is None else against
    _check(whole, metrics, against)
    common, lost = common_frames(whole)
    sampler = common.sampler(bootstrap or Bootstrap())
    differences, ranks = {}, {}
    for metric, scores in sampler.sampled(metrics):
        place = whole.models.index(against)
        differences[metric] = _differences(scores, metric, whole, place)
        ranks[metric] = _ranks(scores, metric, whole.models)
    warnings = [sampler.units.warning] if sampler.units.warning else []
    if lost:
        warnings.append(
            f"{lost} frame-conditions that not every model answered are left out, for all models alike: a model must "
            "not gain by giving no answer."
        )
    return Comparison(
        against,
        whole.models,
        pd.concat([differences[metric] for metric in metrics], ignore_index=True),
        pd.concat([ranks[metric] for metric in metrics], ignore_index=True),
        sampler.units.statement,
        warnings,
    )


def _check(whole: Results, metrics: Sequence[str], against: str) -> None:
    if len(whole.models) < 2:
        raise RobustEndoError(
            f"Expected at least two models to compare, got {whole.models[0]} alone: give another run."
        )
    if against not in whole.models:
        raise UnknownNameError(
            f"Expected a model of the runs to compare with, got {against!r}: choose from {', '.join(whole.models)}."
        )
    if not metrics:
        raise RobustEndoError("Expected at least one metric to compare, got none: name one such as miou.")
    for metric in metrics:
        if metric in METRICS and METRICS[metric].higher_is_better is None:
            raise RobustEndoError(
                f"Expected a metric that is better high or low, got {metric!r}, which describes the pictures: "
                "choose another."
            )


def _differences(scores: BootstrapResult, metric: str, whole: Results, place: int) -> pd.DataFrame:
    assert scores.draws is not None
    rows = []
    for (category, corruption), formula in row_formulas(whole.corruption_categories, whole.recorded_conditions).items():
        point, draws = formula(scores.point), formula(scores.draws)
        apart, drawn = point - point[:, [place]], draws - draws[:, [place]]
        ends, p = spread(apart, drawn, scores.number, scores.level), p_value(apart[0], drawn, scores.number)
        rows += [
            {
                "metric": metric,
                "model": model,
                "category": category,
                "corruption": corruption,
                "value": float(point[0, m]),
                "against": float(point[0, place]),
                "difference": float(ends.value[m]),
                "low": float(ends.low[m]),
                "high": float(ends.high[m]),
                "p": float(p[m]),
            }
            for m, model in enumerate(whole.models)
            if m != place
        ]
    table = pd.DataFrame(rows).sort_values("model", key=lambda names: names.map(whole.models.index), kind="stable")
    return table.assign(p_holm=_corrected(table)).reset_index(drop=True)


def _corrected(table: pd.DataFrame) -> pd.Series:
    single = ~table["category"].isin(("mean", "clean"))
    corrected = pd.Series(np.nan, index=table.index)
    # Recorded conditions are corrected among themselves: having them does not change what is said of the corruptions.
    for _, rows in table[single].groupby(["model", table["category"] == RECORDED], sort=False):
        corrected[rows.index] = holm(rows["p"].to_numpy(np.float64))
    return corrected


def _ranks(scores: BootstrapResult, metric: str, models: Sequence[str]) -> pd.DataFrame:
    assert scores.draws is not None
    # A metric of the user's own has no known direction: none of its values is the best.
    sign = {True: 1.0, False: -1.0}[bool(METRICS[metric].higher_is_better)] if metric in METRICS else np.nan
    found = scores.spread(lambda cube: mean_rank(sign * cube.mean_over_severities()))
    mean = sign * scores.draws.mean_over_corruptions()
    best = np.where(np.isnan(mean), -np.inf, mean).max(axis=1, keepdims=True)
    first = np.where(np.isnan(mean).all(0), np.nan, (mean == best).mean(0))
    columns: dict[str, object] = {
        "metric": metric,
        "model": list(models),
        "rank": found.value,
        "low": found.low,
        "high": found.high,
        "first": first,
    }
    return pd.DataFrame(columns)


def mean_rank(values: Floats) -> Floats:
    """Mean over corruptions of each model's rank, (R, models) of values (R, models, corruptions).

    1 is the highest value; equal values share the mean of their ranks. A corruption that a model lacks is left out.
    """
    complete = np.asarray(np.isfinite(values).all(1))
    above = (values[:, None] > values[:, :, None]).sum(2)
    equal = (values[:, None] == values[:, :, None]).sum(2)
    rank = np.where(complete[:, None], 1 + above + (equal - 1) / 2, np.nan)
    return mean_of_present(rank, -1)
