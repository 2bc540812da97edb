"""The table shaped like the paper's Table VII."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import pandas as pd

from robustbench_endo.results.dataset_scores import Floats, mean_of_present
from robustbench_endo.results.estimates import BootstrapResult, ScoreArray
from robustbench_endo.results.schema import CLEAN, RECORDED

CATEGORIES = ("noise", "blur", "occlusion", "digital")

PARTS = ("value", "low", "high")
"""The third level of the columns of a table with intervals."""

Formula = Callable[[ScoreArray], Floats]


def severity_mean_table(
    sampled: Iterable[tuple[str, BootstrapResult]],
    metrics: Sequence[str],
    categories: Mapping[str, str],
    models: Sequence[str],
    recorded: Sequence[str] = (),
    *,
    intervals: bool = False,
) -> pd.DataFrame:
    """Rows (category, corruption), columns (metric, model), values averaged over severities, as Table VII.

    The clean row comes first, then the corruptions in the order of ``categories``, then the mean of each category,
    last the mean over all corruptions; below them the recorded conditions, which enter none of these means, and
    their own mean. With intervals a third level of the columns tells value, low and high.

    Args:
        sampled: metric -> its scores.
        metrics: the order of the columns.
        categories: corruption -> category, in the order of the rows.
        recorded: the recorded conditions, in the order of the rows.
    """
    formulas = row_formulas(categories, recorded)
    columns: dict[tuple[str, ...], list[float]] = {}
    for metric, scores in sampled:
        spreads = [scores.scored(formula) for formula in formulas.values()]
        for place, model in enumerate(models):
            for part in PARTS if intervals else PARTS[:1]:
                key = (metric, model, part) if intervals else (metric, model)
                columns[key] = [float(getattr(spread, part)[place]) for spread in spreads]
    levels = ["metric", "model", "part"] if intervals else ["metric", "model"]
    order = pd.MultiIndex.from_tuples([key for metric in metrics for key in columns if key[0] == metric], names=levels)
    rows = pd.MultiIndex.from_tuples(list(formulas), names=["category", "corruption"])
    return pd.DataFrame({key: columns[key] for key in order}, index=rows).reindex(columns=order)


def row_formulas(categories: Mapping[str, str], recorded: Sequence[str] = ()) -> dict[tuple[str, str], Formula]:
    """(category, corruption) -> what its row is of a cube whose corruptions are the keys of ``categories``, in order.

    ``recorded`` are the recorded conditions of the cube: rows (``recorded``, name) and (``mean``, ``recorded``) at
    the end.
    """
    rows: dict[tuple[str, str], Formula] = {(CLEAN, CLEAN): lambda cube: cube.clean}
    names = list(categories)
    rows |= {(categories[name], name): _mean_of([names.index(name)]) for name in names}
    order = [*CATEGORIES, *sorted(set(categories.values()) - set(CATEGORIES))]
    for category in order:
        members = [place for place, name in enumerate(names) if categories[name] == category]
        if members:
            rows["mean", category] = _mean_of(members)
    if names:
        rows["mean", "all"] = ScoreArray.mean_over_corruptions
    rows |= {(RECORDED, name): _real(place) for place, name in enumerate(recorded)}
    if recorded:
        rows["mean", RECORDED] = lambda cube: mean_of_present(cube.recorded, -1)
    return rows


def _real(place: int) -> Formula:
    return lambda cube: cube.recorded[:, :, place]


def _mean_of(members: list[int]) -> Formula:
    return lambda cube: mean_of_present(cube.mean_over_severities()[:, :, members], -1)
