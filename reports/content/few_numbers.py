"""A run in few numbers: what its aggregates are called, and which lines tell of failures."""

from __future__ import annotations

import pandas as pd

from robustbench_endo.results.robustness import AGGREGATES

from ..labels import title
from .metrics import metric

DICE = 0.5
"""Below it a mask has failed."""


def aggregate_label(name: str, key: str) -> str:
    """An aggregate of a metric in words, with its unit where that is not the metric's own."""
    if key.startswith("mean_"):
        return f"Mean of {title(key.removeprefix('mean_')).lower()}"
    unit = AGGREGATES[key].unit
    return AGGREGATES[key].label if unit in (None, metric(name).unit) else f"{AGGREGATES[key].label} ({unit})"


def aggregate_unit(name: str, key: str) -> str:
    """The unit of an aggregate of a metric."""
    own = metric(name).unit
    return own if key.startswith("mean_") or AGGREGATES[key].unit is None else AGGREGATES[key].unit or ""


def failure_lines(failed: pd.DataFrame) -> list[tuple[str, pd.Series]]:
    """(label, shares by model) of each kind of failure, on clean frames and over all corruptions.

    Args:
        failed: as :meth:`Results.failures`.
    """
    keys = [key for key in (("clean", "clean"), ("mean", "all")) if key in failed.index]
    return [
        (f"{metric(name).label}, {'clean' if key[0] == 'clean' else 'corrupted'}", failed.loc[key, name])
        for name in failed.columns.unique("metric")
        for key in keys
    ]


def failure_caption(dice: float) -> str:
    """What stands above :func:`failure_lines`."""
    return f"Failures (% of frames; a mask fails below a Dice of {dice:g})"
