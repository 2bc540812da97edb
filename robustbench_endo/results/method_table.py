"""The table of a run by method: mean and standard deviation over training seeds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from robustbench_endo.results.results import Results

METHOD_PARTS = ("mean", "sd", "seeds")
"""The last level of the columns of :func:`method_table`."""


def method_table(results: Results, metrics: Sequence[str] | None = None) -> pd.DataFrame:
    """The table of a run by method.

    Args:
        results: of a run, whose ``methods`` group the models by training.
        metrics: names of metrics; None for one per task.

    Returns:
        Rows (category, corruption) as :meth:`Results.table`, columns (metric, method, part): ``mean`` over the seeds
        and ``sd`` between them (n - 1, NaN for one seed), in the metric's unit, and ``seeds``, the number of seeds with
        a score.
    """
    table = results.table(metrics)
    columns: dict[tuple[str, str, str], np.ndarray] = {}
    for metric in table.columns.unique("metric"):
        for method, models in results.methods.items():
            scores = table[metric][models]
            parts = (scores.mean(axis=1), scores.std(axis=1, ddof=1), scores.notna().sum(axis=1))
            columns |= {(metric, method, name): part.to_numpy() for name, part in zip(METHOD_PARTS, parts, strict=True)}
    names = pd.MultiIndex.from_tuples(list(columns), names=["metric", "method", "part"])
    return pd.DataFrame(dict(enumerate(columns.values())), index=table.index).set_axis(names, axis=1)
