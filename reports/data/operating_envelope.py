"""Up to which severity each model clears a threshold: the safe operating envelope of a report."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from robustbench_endo.reports.data.curves import Floats, severity_curves
from robustbench_endo.reports.data.metrics import leading_metric, metric
from robustbench_endo.reports.formatting import number, quantity, title
from robustbench_endo.results.metric_info import MetricInfo

if TYPE_CHECKING:
    from robustbench_endo.reports.data.estimates import Measured
    from robustbench_endo.results import Bootstrap, Results


SHARE = 0.8
"""Of the best clean score: the threshold where nobody named one."""


@dataclass(frozen=True)
class EnvelopeCell:
    """What one model holds: a severity, 0 for clean frames only, None for not even those.

    ``distortion`` is 1 - image SSIM there, as printed; ``limit`` what fails next, empty when nothing does.
    """

    severity: int | None
    distortion: str
    limit: str


@dataclass(frozen=True)
class OperatingEnvelope:
    """The envelope for one metric.

    Attributes:
        metric: what has to clear the threshold.
        threshold: in the metric's unit.
        severities: of the run.
        rows: (corruption as printed, an entry a model).
    """

    metric: MetricInfo
    threshold: float
    severities: tuple[int, ...]
    rows: tuple[tuple[str, tuple[EnvelopeCell, ...]], ...]


def operating_envelope(results: Results, measured: Measured, intervals: bool | Bootstrap) -> OperatingEnvelope | None:
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
    return OperatingEnvelope(quantity, threshold, tuple(results.severities), rows)


def _reached(found: pd.DataFrame, corruption: str, model: str) -> EnvelopeCell:
    row = found[(found["corruption"] == corruption) & (found["model"] == model)].iloc[0]
    limit = ", ".join(metric(name).label for name in str(row["limit"]).split(", ") if name)
    severity = None if pd.isna(row["severity"]) else int(row["severity"])
    return EnvelopeCell(severity, number(float(row["dose"])), limit)


RETAINED_SHARE = 0.9
"""A model holds while it keeps this share of its clean score."""


@dataclass(frozen=True)
class RelativeRobustness:
    """For each corruption and model the strongest severity that it holds.

    Attributes:
        metric: what is kept.
        share: of the clean score that must be kept, at this severity and every weaker one.
        severities: of the run.
        clean: each model's clean score as printed: what poorly works may well hold.
        rows: (corruption as printed, one entry a model): a severity, 0 when even the
            weakest is too much, None when unknown.
    """

    metric: MetricInfo
    share: float
    severities: tuple[int, ...]
    clean: tuple[str, ...]
    rows: tuple[tuple[str, tuple[int | None, ...]], ...]


def relative_robustness(results: Results, share: float = RETAINED_SHARE) -> RelativeRobustness | None:
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
    return RelativeRobustness(curves.metric, share, tuple(results.severities), clean, rows)


def _held(values: Floats, severities: tuple[int, ...], share: float) -> int | None:
    if np.isnan(values).any():
        return None
    kept = np.logical_and.accumulate(values >= share * values[0])
    return severities[int(kept.sum()) - 1]
