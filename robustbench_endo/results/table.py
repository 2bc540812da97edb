"""The table shaped like the paper's Table VII."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import pandas as pd

from robustbench_endo.results.dataset_scores import Floats, mean_of_present
from robustbench_endo.results.estimates import Cube, Sampled
from robustbench_endo.results.schema import CLEAN, REAL

GROUPS = ("noise", "blur", "occlusion", "digital")

PARTS = ("value", "low", "high")
"""The third level of the columns of a table with intervals."""

Formula = Callable[[Cube], Floats]


def severity_mean_table(
    sampled: Iterable[tuple[str, Sampled]],
    metrics: Sequence[str],
    groups: Mapping[str, str],
    models: Sequence[str],
    real: Sequence[str] = (),
    *,
    intervals: bool = False,
) -> pd.DataFrame:
    """Rows (group, corruption), columns (metric, model), values averaged over severities, as Table VII.

    The clean row comes first, then the corruptions in the order of ``groups``, then the mean of each group, last the
    mean over all corruptions; below them the real conditions, which enter none of these means, and their own mean. With
    intervals a third level of the columns tells value, low and high.

    Args:
        sampled: metric -> its scores.
        metrics: the order of the columns.
        groups: corruption -> group, in the order of the rows.
        real: the real conditions, in the order of the rows.
    """
    formulas = row_formulas(groups, real)
    columns: dict[tuple[str, ...], list[float]] = {}
    for metric, scores in sampled:
        spreads = [scores.scored(formula) for formula in formulas.values()]
        for place, model in enumerate(models):
            for part in PARTS if intervals else PARTS[:1]:
                key = (metric, model, part) if intervals else (metric, model)
                columns[key] = [float(getattr(spread, part)[place]) for spread in spreads]
    levels = ["metric", "model", "part"] if intervals else ["metric", "model"]
    order = pd.MultiIndex.from_tuples([key for metric in metrics for key in columns if key[0] == metric], names=levels)
    rows = pd.MultiIndex.from_tuples(list(formulas), names=["group", "corruption"])
    return pd.DataFrame({key: columns[key] for key in order}, index=rows).reindex(columns=order)


def row_formulas(groups: Mapping[str, str], real: Sequence[str] = ()) -> dict[tuple[str, str], Formula]:
    """(group, corruption) -> what its row is of a cube whose corruptions are the keys of ``groups``, in order.

    ``real`` are the real conditions of the cube: rows (``real``, name) and (``mean``, ``real``) at the end.
    """
    rows: dict[tuple[str, str], Formula] = {(CLEAN, CLEAN): lambda cube: cube.clean}
    names = list(groups)
    rows |= {(groups[name], name): _mean_of([names.index(name)]) for name in names}
    order = [*GROUPS, *sorted(set(groups.values()) - set(GROUPS))]
    for group in order:
        members = [place for place, name in enumerate(names) if groups[name] == group]
        if members:
            rows["mean", group] = _mean_of(members)
    if names:
        rows["mean", "all"] = Cube.over_corruptions
    rows |= {(REAL, name): _real(place) for place, name in enumerate(real)}
    if real:
        rows["mean", REAL] = lambda cube: mean_of_present(cube.real, -1)
    return rows


def _real(place: int) -> Formula:
    return lambda cube: cube.real[:, :, place]


def _mean_of(members: list[int]) -> Formula:
    return lambda cube: mean_of_present(cube.over_severities()[:, :, members], -1)
