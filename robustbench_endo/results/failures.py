"""Which frames fail, and which of them nobody is told of."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from robustbench_endo.errors import RobustEndoError, RunError
from robustbench_endo.results.bootstrap import Bootstrap, units
from robustbench_endo.results.dataset_scores import Floats, divide
from robustbench_endo.results.estimates import Estimate, point_scores, resampled_scores, spread
from robustbench_endo.results.frame_statistics import MetricGroup, invalid_predictions, mean_group
from robustbench_endo.results.schema import CLEAN, KEYS
from robustbench_endo.results.table import PARTS

QUANTILE = 0.1
"""A model is confident while above this quantile of its own confidence on clean frames."""

FAILURES = ("segmentation_failed", "segmentation_silent", "activity_failed", "activity_silent")


def failure_records(frame: pd.DataFrame, dice: float) -> pd.DataFrame:
    """The keys of the records with a column for each of :data:`FAILURES`: 0 or 1, NaN where the task is not judged.

    Args:
        dice: a mask below this Dice has failed, above 0 and at most 1.

    Raises:
        RobustEndoError: a threshold outside its range.
        RunError: a model without records on clean frames, whose confidence is the yardstick.
    """
    if not 0 < dice <= 1:
        raise RobustEndoError(f"Expected a Dice threshold above 0 and at most 1, got {dice:g}: write 0.5 for 50 %.")
    records = frame[list(KEYS)].copy()
    lost = invalid_predictions(frame)
    for task, wrong in (("segmentation", _wrong_masks(frame, dice, lost)), ("activity", _wrong_activity(frame, lost))):
        sure = frame[f"{task}_confidence"].to_numpy(np.float64) > _usual_confidence(frame, task)
        records[f"{task}_failed"] = wrong
        records[f"{task}_silent"] = np.where(np.isnan(wrong), np.nan, (wrong == 1) & sure & ~lost)
    return records


def failure_groups() -> list[MetricGroup]:
    """The mean of each of :data:`FAILURES` over the frames where the task is judged."""
    return [mean_group(name, name) for name in FAILURES]


def _wrong_masks(frame: pd.DataFrame, dice: float, lost: np.ndarray) -> Floats:
    found = frame["dice"].to_numpy(np.float64)
    wrong = np.where(np.isnan(found), np.nan, found < dice)
    # A frame without an answer has no Dice: whether it has a mask is known from other answers about it.
    masked = frame["image_id"].isin(frame.loc[~np.isnan(found), "image_id"]).to_numpy()
    return np.where(lost & masked & _has_task(frame, "segmentation"), 1.0, wrong)


def _wrong_activity(frame: pd.DataFrame, lost: np.ndarray) -> Floats:
    target, said = (frame[f"activity_{side}"].to_numpy(int) for side in ("target", "prediction"))
    wrong = np.where((target >= 0) & (said >= 0), target != said, np.nan)
    return np.where(lost & (target >= 0) & _has_task(frame, "activity"), 1.0, wrong)


def _has_task(frame: pd.DataFrame, task: str) -> np.ndarray:
    known = frame.loc[frame[f"{task}_confidence"].notna(), "model"].unique()
    flags: np.ndarray = frame["model"].isin(known).to_numpy()
    return flags


def _usual_confidence(frame: pd.DataFrame, task: str) -> Floats:
    clean = frame[frame["corruption"] == CLEAN]
    missing = sorted(set(frame["model"]) - set(clean["model"]))
    if missing:
        raise RunError(
            f"Expected records on clean frames of every model, got none of {missing[0]}: its confidence there is "
            "the yardstick, so evaluate it on them."
        )
    usual = clean.groupby("model", observed=True)[f"{task}_confidence"].quantile(QUANTILE)
    return np.asarray(frame["model"].map(usual), np.float64)


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
    family = MetricGroup((*CELLS, "phi"), joint_failures, joint_shares)
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


def _frame(found: dict[str, Estimate], models: Sequence[str], intervals: bool) -> pd.DataFrame:
    index = pd.Index(models, name="model")
    if not intervals:
        return pd.DataFrame({name: one.value for name, one in found.items()}, index=index)
    return pd.concat(
        {name: pd.DataFrame({part: getattr(one, part) for part in PARTS}, index=index) for name, one in found.items()},
        axis=1,
    )
