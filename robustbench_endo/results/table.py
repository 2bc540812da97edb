"""The table of a run in the form of the paper's Table VII."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Literal

import pandas as pd

from robustbench_endo.metrics.aggregation import Floats, mean_of_present
from robustbench_endo.results.estimates import PARTS, ScoreArray, ScoreResult
from robustbench_endo.results.schema import CLEAN, RECORDED

CATEGORIES = ("noise", "blur", "occlusion", "digital")

Formula = Callable[[ScoreArray], Floats]

Estimand = Literal["pooled", "subject"]
"""``pooled``: of all frames together, as published tables; ``subject``: the mean over patients or sequences of each
one's own score, so that a patient with many frames counts no more than the others."""


def severity_mean_table(
    results: Iterable[tuple[str, ScoreResult]],
    metrics: Sequence[str],
    models: Sequence[str],
    formulas: Mapping[tuple[str, str], Formula],
    *,
    intervals: bool = False,
    estimand: Estimand = "pooled",
) -> pd.DataFrame:
    """Rows (category, corruption), columns (metric, model), values averaged over severities, as Table VII.

    With intervals a third level of the columns holds value, low and high.

    Args:
        results: metric -> its scores.
        metrics: the order of the columns.
        models: the order of the columns of a metric.
        formulas: the rows, from :func:`row_formulas`.
        intervals: whether the results have intervals.
        estimand: see :data:`Estimand`; ``subject`` needs intervals.
    """
    columns: dict[tuple[str, ...], list[float]] = {}
    parts = PARTS if intervals else PARTS[:1]
    for metric, scores in results:
        estimate = scores.estimate_mean if estimand == "pooled" else scores.estimate_by_subject
        estimates = [estimate(formula) for formula in formulas.values()]
        for index, model in enumerate(models):
            for part in parts:
                key = (metric, model, part) if intervals else (metric, model)
                columns[key] = [float(getattr(estimate, part)[index]) for estimate in estimates]
    levels = ["metric", "model", "part"] if intervals else ["metric", "model"]
    order = pd.MultiIndex.from_tuples([key for metric in metrics for key in columns if key[0] == metric], names=levels)
    rows = pd.MultiIndex.from_tuples(list(formulas), names=["category", "corruption"])
    return pd.DataFrame({key: columns[key] for key in order}, index=rows).reindex(columns=order)


def row_formulas(categories: Mapping[str, str], recorded: Sequence[str] = ()) -> dict[tuple[str, str], Formula]:
    """(category, corruption) -> formula of its row.

    The clean row is first, then the corruptions in order, then the mean of each category and the mean over all
    corruptions; last the recorded conditions, which enter none of these means, and their mean.

    Args:
        categories: corruption -> category, in the order of the score arrays.
        recorded: the recorded conditions, in the order of the score arrays.
    """
    rows: dict[tuple[str, str], Formula] = {(CLEAN, CLEAN): lambda scores: scores.clean}
    names = list(categories)
    rows |= {(categories[name], name): mean_of_corruptions([names.index(name)]) for name in names}
    for category in (*CATEGORIES, *sorted(set(categories.values()) - set(CATEGORIES))):
        members = [index for index, name in enumerate(names) if categories[name] == category]
        if members:
            rows["mean", category] = mean_of_corruptions(members)
    if names:
        rows["mean", "all"] = ScoreArray.mean_over_corruptions
    rows |= {(RECORDED, name): _recorded(index) for index, name in enumerate(recorded)}
    if recorded:
        rows["mean", RECORDED] = lambda scores: mean_of_present(scores.recorded, -1)
    return rows


def mean_of_corruptions(indices: list[int]) -> Formula:
    """The mean over some corruptions, by their position in the score arrays."""
    return lambda scores: mean_of_present(scores.mean_over_severities()[:, :, indices], -1)


def _recorded(index: int) -> Formula:
    return lambda scores: scores.recorded[:, :, index]
