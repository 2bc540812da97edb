"""Which frames fail, and which of them nobody is told of."""

from __future__ import annotations

import numpy as np
import pandas as pd

from robustbench_endo.errors import RobustEndoError, RunError
from robustbench_endo.results.families import Family, mean_family
from robustbench_endo.results.schema import CLEAN, KEYS
from robustbench_endo.results.scoring import Floats
from robustbench_endo.results.statistics import unanswered

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
        raise RobustEndoError(f"Expected a Dice threshold above 0 and at most 1, found {dice:g}: write 0.5 for 50 %.")
    records = frame[list(KEYS)].copy()
    lost = unanswered(frame)
    for task, wrong in (("segmentation", _wrong_masks(frame, dice, lost)), ("activity", _wrong_activity(frame, lost))):
        sure = frame[f"{task}_confidence"].to_numpy(np.float64) > _usual_confidence(frame, task)
        records[f"{task}_failed"] = wrong
        records[f"{task}_silent"] = np.where(np.isnan(wrong), np.nan, (wrong == 1) & sure & ~lost)
    return records


def failure_families() -> list[Family]:
    """The mean of each of :data:`FAILURES` over the frames where the task is judged."""
    return [mean_family(name, name) for name in FAILURES]


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
            f"Expected records on clean frames of every model, found none of {missing[0]}: its confidence there is "
            "the yardstick, so evaluate it on them."
        )
    usual = clean.groupby("model", observed=True)[f"{task}_confidence"].quantile(QUANTILE)
    return np.asarray(frame["model"].map(usual), np.float64)
