"""How intervals are made: what is resampled, how often, with which seed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from robustbench_endo.errors import RobustEndoError, RunError
from robustbench_endo.results.scoring import Floats

Codes = NDArray[np.intp]

MINIMUM_GROUPS = 10
"""Below it the intervals of resampled groups are visibly too narrow (docs/statistics.md has the measured coverage)."""


@dataclass(frozen=True)
class Bootstrap:
    """Settings of a bootstrap (Efron, Annals of Statistics 1979; clusters: Field and Welsh, JRSS B 2007).

    Attributes:
        resamples: how often the units are drawn anew, at least 200.
        level: share of the intervals that shall cover the truth, 0.5 to below 1.
        seed: of the draws; the same seed gives the same intervals.
        unit: ``group`` (patient, sequence), ``frame``, or ``auto``: groups where there are at least
            :data:`MINIMUM_GROUPS`, else frames with a warning.

    Raises:
        RobustEndoError: a setting outside its range.
    """

    resamples: int = 10_000
    level: float = 0.95
    seed: int = 0
    unit: Literal["auto", "group", "frame"] = "auto"

    def __post_init__(self) -> None:
        if self.resamples < 200:
            raise RobustEndoError(
                f"Expected at least 200 resamples, found {self.resamples}: fewer cannot show the ends of an interval."
            )
        if not 0.5 <= self.level < 1:
            raise RobustEndoError(
                f"Expected a confidence level from 0.5 to below 1, found {self.level}: write 0.95 for 95 %."
            )
        if self.seed < 0:
            raise RobustEndoError(f"Expected a seed of at least 0, found {self.seed}: any whole number will do.")
        if self.unit not in ("auto", "group", "frame"):
            raise RobustEndoError(f"Expected auto, group or frame as the unit of resampling, found {self.unit!r}.")


@dataclass(frozen=True)
class Units:
    """What is resampled.

    Attributes:
        codes: unit of each record, (n,), below ``number``.
        number: of units.
        kind: what a unit is.
        statement: unit, number and settings in one sentence, to stand beside every interval.
        warning: why the intervals are to be read with care; empty when there is nothing to say.
    """

    codes: Codes
    number: int
    kind: Literal["group", "frame"]
    statement: str
    warning: str

    def weights(self, bootstrap: Bootstrap) -> Floats:
        """How often each resample holds each unit, (resamples, number): rows drawn with replacement, sums = number."""
        random = np.random.Generator(np.random.PCG64(bootstrap.seed))
        share = np.full(self.number, 1 / self.number)
        return random.multinomial(self.number, share, size=bootstrap.resamples).astype(np.float64)


def units(frame: pd.DataFrame, bootstrap: Bootstrap) -> Units:
    """The units of a run's records; the same for all models and conditions, so that resamples are paired.

    Raises:
        RunError: no records.
    """
    if not len(frame):
        raise RunError("Expected at least one frame to resample, found none: evaluate the models on some frames first.")
    groups, frames = frame["group"].nunique(), frame["image_id"].nunique()
    by_group = bootstrap.unit == "group" or (bootstrap.unit == "auto" and groups >= MINIMUM_GROUPS)
    # Sorted names: neither the order of the records nor a model without an answer changes a resample.
    codes, names = pd.factorize(frame["group" if by_group else "image_id"], sort=True)
    statement = (
        f"{bootstrap.level * 100:g} % intervals from {bootstrap.resamples:,} resamples of "
        f"{_counted(groups, 'group')} (patients or sequences, {_counted(frames, 'frame')})"
        if by_group
        else f"{bootstrap.level * 100:g} % intervals from {bootstrap.resamples:,} resamples of "
        f"{_counted(frames, 'single frame')}"
    )
    kind: Literal["group", "frame"] = "group" if by_group else "frame"
    return Units(
        codes.astype(np.intp), len(names), kind, f"{statement}.", _warning(bootstrap, by_group, groups, frames)
    )


def _warning(bootstrap: Bootstrap, by_group: bool, groups: int, frames: int) -> str:
    if by_group and groups < MINIMUM_GROUPS:
        return (
            f"Only {_counted(groups, 'group')}: the intervals are too narrow, trust none from fewer than "
            f"{MINIMUM_GROUPS} patients or sequences."
        )
    if not by_group and groups < frames:
        reason = "as asked" if bootstrap.unit == "frame" else f"because fewer than {MINIMUM_GROUPS} groups are too few"
        return (
            f"Frames are resampled as if they were independent, {reason}: the run has {_counted(frames, 'frame')} of "
            f"{_counted(groups, 'group')} (patients or sequences), and where frames of a group resemble each other "
            "the intervals are too narrow."
        )
    return ""


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
