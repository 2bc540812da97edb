"""Up to which severity a model holds: the question of whoever has to approve it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from robustbench_endo.results.quantities import Quantity

from ..labels import quantity, title
from .curves import Floats, severity_curves
from .metrics import leading_metric, metric

if TYPE_CHECKING:
    from robustbench_endo.results import Results

SHARE = 0.9
"""A model holds while it keeps this share of its clean score."""


@dataclass(frozen=True)
class Endurance:
    """For each corruption and model the strongest severity that it holds.

    Attributes:
        metric: what is kept.
        share: of the clean score that must be kept, at this severity and every weaker one.
        severities: of the run.
        clean: each model's clean score as printed: what poorly works may well hold.
        rows: (corruption as printed, one entry a model): a severity, 0 when even the
            weakest is too much, None when unknown.
    """

    metric: Quantity
    share: float
    severities: tuple[int, ...]
    clean: tuple[str, ...]
    rows: tuple[tuple[str, tuple[int | None, ...]], ...]


def endurance(results: Results, share: float = SHARE) -> Endurance | None:
    """The table for the leading metric; None when the run has none that falls with damage."""
    name = leading_metric(results)
    if name is None or not metric(name).higher_is_better or not results.severities:
        return None
    curves = severity_curves(results, name)
    rows = tuple(
        (title(panel), tuple(_held(values, curves.severities, share) for values in lines.values()))
        for panel, lines in curves.lines.items()
        if panel != "mean"
    )
    clean = tuple(quantity(float(line[0]), curves.metric.unit) for line in curves.lines["mean"].values())
    return Endurance(curves.metric, share, tuple(results.severities), clean, rows)


def _held(values: Floats, severities: tuple[int, ...], share: float) -> int | None:
    if np.isnan(values).any():
        return None
    kept = np.logical_and.accumulate(values >= share * values[0])
    return severities[int(kept.sum()) - 1]
