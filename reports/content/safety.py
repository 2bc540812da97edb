"""Up to which severity each model clears a threshold: the safe operating envelope of a report."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from robustbench_endo.results.quantities import Quantity

from ..labels import number, title
from .metrics import leading_metric, metric

if TYPE_CHECKING:
    from robustbench_endo.results import Bootstrap, Results

    from .measured import Measured

SHARE = 0.8
"""Of the best clean score: the threshold where nobody named one."""


@dataclass(frozen=True)
class Reached:
    """What one model holds: a severity, 0 for clean frames only, None for not even those.

    ``dose`` is 1 - image SSIM there, as printed; ``limit`` what fails next, empty when nothing does.
    """

    severity: int | None
    dose: str
    limit: str


@dataclass(frozen=True)
class Safety:
    """The envelope for one metric.

    Attributes:
        metric: what has to clear the threshold.
        threshold: in the metric's unit.
        severities: of the run.
        rows: (corruption as printed, an entry a model).
    """

    metric: Quantity
    threshold: float
    severities: tuple[int, ...]
    rows: tuple[tuple[str, tuple[Reached, ...]], ...]


def safety(results: Results, measured: Measured, intervals: bool | Bootstrap) -> Safety | None:
    """The envelope of the leading metric at 80 % of the best clean score; None when the run has no such metric."""
    name = leading_metric(results)
    if name is None or not metric(name).higher_is_better or not results.severities or not results.corruptions:
        return None
    clean = measured.conditions[name].value[:, 0, 0]
    if not clean[clean == clean].size or not max(clean[clean == clean]) > 0:
        return None
    quantity, best = metric(name), float(max(clean[clean == clean]))
    # A round number: what a reader would have typed.
    threshold = float(math.floor(SHARE * best)) if best >= 2 else SHARE * best
    found = results.envelope({name: threshold / quantity.scale}, intervals)
    rows = tuple(
        (title(corruption), tuple(_reached(found, corruption, model) for model in results.models))
        for corruption in results.corruptions
    )
    return Safety(quantity, threshold, tuple(results.severities), rows)


def _reached(found: pd.DataFrame, corruption: str, model: str) -> Reached:
    row = found[(found["corruption"] == corruption) & (found["model"] == model)].iloc[0]
    limit = ", ".join(metric(name).label for name in str(row["limit"]).split(", ") if name)
    severity = None if pd.isna(row["severity"]) else int(row["severity"])
    return Reached(severity, number(float(row["dose"])), limit)
