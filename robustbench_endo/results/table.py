"""The table shaped like the paper's Table VII."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from robustbench_endo.errors import RobustEndoError
from robustbench_endo.results.schema import CLEAN

GROUPS = ("noise", "blur", "occlusion", "digital")


def severity_mean_table(
    scores: pd.DataFrame, metrics: Sequence[str], groups: Mapping[str, str], models: Sequence[str]
) -> pd.DataFrame:
    """Rows (group, corruption), columns (metric, model), values averaged over severities, as Table VII.

    The clean row comes first, then the corruptions in the order of ``groups``, then the mean of each group, last the
    mean over all corruptions.

    Args:
        scores: from :func:`robustbench_endo.results.scoring.scores`.
        groups: corruption -> group, in the order of the rows.

    Raises:
        RobustEndoError: a metric that the scores do not hold.
    """
    unknown = [metric for metric in metrics if metric not in scores.columns]
    if unknown:
        raise RobustEndoError(
            f"Expected a metric of the run, found {unknown[0]!r}: choose from {', '.join(scores.columns[4:])}."
        )
    per_corruption = scores.groupby(["corruption", "model"], observed=True)[list(metrics)].mean().unstack("model")
    wide = per_corruption.reindex(columns=pd.MultiIndex.from_product([metrics, models], names=["metric", "model"]))
    present = [name for name in groups if name in wide.index]
    rows = {(CLEAN, CLEAN): wide.loc[CLEAN]} if CLEAN in wide.index else {}
    rows |= {(groups[name], name): wide.loc[name] for name in present}
    order = [*GROUPS, *sorted({groups[name] for name in present} - set(GROUPS))]
    for group in order:
        members = [name for name in present if groups[name] == group]
        if members:
            rows["mean", group] = wide.loc[members].mean()
    if present:
        rows["mean", "all"] = wide.loc[present].mean()
    table = pd.DataFrame(rows).T
    table.index = pd.MultiIndex.from_tuples(list(rows), names=["group", "corruption"])
    return table
