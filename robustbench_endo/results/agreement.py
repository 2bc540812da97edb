"""Do the two tasks fail on the same frames?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from robustbench_endo.results.bootstrap import Bootstrap, units
from robustbench_endo.results.families import Family
from robustbench_endo.results.sampling import Spread, point_scores, resampled_scores, spread
from robustbench_endo.results.schema import CLEAN
from robustbench_endo.results.scoring import Floats, divide
from robustbench_endo.results.table import PARTS

CELLS = ("both_right", "only_segmentation", "only_activity", "both_failed")
"""Which task fails, as shares of the frames where both are judged."""


def agreement_table(records: pd.DataFrame, models: Sequence[str], bootstrap: Bootstrap | None) -> pd.DataFrame:
    """A row a model, over all frames of all corruptions and severities (clean left out): the joint table and phi.

    Args:
        records: from :func:`robustbench_endo.results.failures.failure_records`.
        models: the order of the rows.
        bootstrap: None for point estimates alone.

    Returns:
        Columns :data:`CELLS` in percent, and ``phi``; with intervals a second level ``value``, ``low``,
        ``high``.
    """
    damaged = records[records["corruption"] != CLEAN]
    codes = pd.Index(models).get_indexer(damaged["model"]).astype(np.intp)
    family = Family((*CELLS, "phi"), joint_failures, joint_shares)
    point = point_scores(family, damaged, codes, len(models))
    drawn, number = None, 0
    if bootstrap is not None:
        resampled = units(damaged, bootstrap)
        number = resampled.number
        weights = resampled.weights(bootstrap)
        drawn = resampled_scores(family, family.names, damaged, codes, len(models), resampled, weights)
    level = 0.95 if bootstrap is None else bootstrap.level
    found = {
        name: spread(point[name][None], None if drawn is None else drawn[name], number, level) for name in family.names
    }
    return _frame(found, models, bootstrap is not None)


def joint_failures(records: pd.DataFrame) -> Floats:
    """Indicators of the four cells of the joint table, (n, 4), in the order of :data:`CELLS`."""
    mask, activity = (records[f"{task}_failed"].to_numpy(np.float64) for task in ("segmentation", "activity"))
    cells = [(mask == m) & (activity == a) for m, a in ((0, 0), (1, 0), (0, 1), (1, 1))]
    return np.stack(cells, axis=1).astype(np.float64)


def joint_shares(sums: Floats) -> dict[str, Floats]:
    """Shares of the four cells in percent, and phi (Yule, J. Royal Statistical Society 1912).

    phi is 1 where the tasks fail on the same frames, 0 where they are independent, -1 where one fails just when the
    other does not; NaN where a task never or always fails.
    """
    neither, mask, activity, both = sums
    product = (neither + mask) * (activity + both) * (neither + activity) * (mask + both)
    shares = divide(100 * sums, sums.sum(0))
    return {
        **dict(zip(CELLS, shares, strict=True)),
        "phi": divide(both * neither - mask * activity, np.sqrt(product)),
    }


def _frame(found: dict[str, Spread], models: Sequence[str], intervals: bool) -> pd.DataFrame:
    index = pd.Index(models, name="model")
    if not intervals:
        return pd.DataFrame({name: one.value for name, one in found.items()}, index=index)
    return pd.concat(
        {name: pd.DataFrame({part: getattr(one, part) for part in PARTS}, index=index) for name, one in found.items()},
        axis=1,
    )
