"""Patient by patient: is a mean carried by a few sequences?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from robustbench_endo.results.bootstrap import Bootstrap, units
from robustbench_endo.results.families import family_of
from robustbench_endo.results.quantities import Quantity
from robustbench_endo.results.sampling import resampled_scores
from robustbench_endo.results.scoring import mean_of_present

from ..labels import number
from .metrics import leading_metric, metric

if TYPE_CHECKING:
    from robustbench_endo.results import Results

SHOWN = 40
"""Rows: the weakest come first, so that what is left out matters least."""


@dataclass(frozen=True)
class Sequences:
    """A metric by patient or sequence.

    Attributes:
        metric: the leading one of the run.
        rows: (group, frames, (clean, mean of corruptions) of each model as printed), weakest first.
        left_out: how many groups are not shown.
    """

    metric: Quantity
    rows: tuple[tuple[str, int, tuple[tuple[str, str], ...]], ...]
    left_out: int


def sequences(results: Results) -> Sequences | None:
    """The table; None without numbers or with a single group."""
    name = leading_metric(results)
    frame = results.frame
    if name is None or frame["group"].nunique() < 2:
        return None
    by_group = units(frame, Bootstrap(unit="group"))
    sampler, alone = results.sampler(), np.eye(by_group.number)
    found = resampled_scores(
        family_of(sampler.families, name), [name], frame, sampler.codes, len(sampler.keys), by_group, alone
    )
    cube = sampler.cube(metric(name).scale * found[name])
    clean, damaged = cube.clean, cube.over_corruptions()
    names = sorted(frame["group"].unique())
    frames = frame.groupby("group", observed=True)["image_id"].nunique()
    sign = -1 if metric(name).higher_is_better is False else 1
    weight = sign * mean_of_present(damaged if np.isfinite(damaged).any() else clean, -1)
    order = np.argsort(np.nan_to_num(weight, nan=np.inf), kind="stable")
    unit = metric(name).unit
    rows = tuple(
        (
            str(names[place]),
            int(frames[names[place]]),
            tuple((number(a, unit), number(b, unit)) for a, b in zip(clean[place], damaged[place], strict=True)),
        )
        for place in order[:SHOWN].tolist()
    )
    return Sequences(metric(name), rows, max(0, len(names) - SHOWN))
