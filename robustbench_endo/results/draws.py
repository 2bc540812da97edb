"""How much the scores of a run vary between the draws of its corruptions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from robustbench_endo.results.results import Results

DRAW_PARTS = ("sd", "se")
"""The last level of the columns of :func:`draw_variation`."""


def number_of_draws(results: Results) -> int:
    """Draws of every corruption that uses random numbers, at least 1."""
    return 1 + int(results.frame["replicate"].max()) if len(results.frame) else 1


def single_draw(results: Results, replicate: int) -> Results:
    """The run as if only one of its draws had been computed; conditions without random numbers have one."""
    frame = results.frame
    number = 1 + frame.groupby(["corruption", "severity"], observed=True)["replicate"].transform("max")
    selected = frame[frame["replicate"] == np.minimum(replicate, number - 1)]
    return replace(results, frame=selected.assign(replicate=np.int16(0)))


def draw_variation(results: Results, metrics: Sequence[str] | None = None) -> pd.DataFrame:
    """The standard deviation between draws of the score of all frames, and the standard error of their mean.

    Args:
        results: of a run with ``--replicates``.
        metrics: names of metrics; None for one per task.

    Returns:
        Rows (category, corruption) as :meth:`Results.table`, columns (metric, model, part): ``sd`` of the R draws, each
        averaged over severities, and ``se``, sd / sqrt(R), in the metric's unit. 0 without random numbers; NaN for one
        draw.
    """
    number = number_of_draws(results)
    tables = [single_draw(results, replicate).table(metrics) for replicate in range(number)]
    values = np.stack([table.to_numpy(np.float64) for table in tables])
    with np.errstate(invalid="ignore"):  # the PSNR of clean frames is infinite
        # Of differences, so that equal values have a deviation of exactly 0.
        differences = values - values[0]
        deviation = differences.std(0, ddof=1) if number > 1 else np.full(values.shape[1:], np.nan)
    parts = np.stack((deviation, deviation / np.sqrt(number)), axis=-1).reshape(len(tables[0]), -1)
    pairs = [(*pair, part) for pair in tables[0].columns for part in DRAW_PARTS]
    columns = pd.MultiIndex.from_tuples(pairs, names=["metric", "model", "part"])
    return pd.DataFrame(parts, index=tables[0].index, columns=columns)
