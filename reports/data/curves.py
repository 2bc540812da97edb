"""Severity curves: how a metric falls from clean (0) to the strongest severity, one line a model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from robustbench_endo.reports.data.estimates import mean_by_severity
from robustbench_endo.reports.data.metrics import metric
from robustbench_endo.reports.palette import Style, model_styles
from robustbench_endo.results.metric_info import MetricInfo

if TYPE_CHECKING:
    from robustbench_endo.results import Bootstrap, Results

Floats = NDArray[np.float64]
Lines = Mapping[str, Mapping[str, Floats]]


@dataclass(frozen=True)
class Curves:
    """A metric against severity.

    Attributes:
        metric: what falls.
        severities: x, 0 (clean) first.
        lines: panel -> model -> y (len(severities),), NaN where the condition is missing; the panel ``mean`` first.
        limits: y axis shared by all panels.
        styles: one a model.
        bands: panel -> model -> interval (2, len(severities)), NaN where there is none; empty without intervals.
    """

    metric: MetricInfo
    severities: tuple[int, ...]
    lines: Lines
    limits: tuple[float, float]
    styles: Mapping[str, Style]
    bands: Lines = field(default_factory=dict)


def severity_curves(results: Results, name: str, intervals: bool | Bootstrap = False) -> Curves:
    """The curves of one metric: the mean over corruptions, then one panel a corruption; with bands on request.

    Raises:
        RobustEndoError: a metric that the run does not hold.
        RunError: intervals of a run without frames.
    """
    _, scores = next(results.sampler(intervals).sampled([name]))
    single = scores.scored(lambda cube: cube.whole())
    mean = scores.scored(mean_by_severity)

    def panels(of_mean: Floats, of_each: Floats) -> dict[str, dict[str, Floats]]:
        arrays = {"mean": of_mean} | {panel: of_each[..., k, :] for k, panel in enumerate(results.corruptions)}
        return {
            panel: {model: values[..., place, :] for place, model in enumerate(results.models)}
            for panel, values in arrays.items()
        }

    ends = (np.stack((found.low, found.high)) for found in (mean, single))
    return Curves(
        metric(name),
        (0, *results.severities),
        panels(mean.value, single.value),
        _limits(single.value, metric(name)),
        model_styles(results.models),
        panels(*ends) if intervals else {},
    )


def _limits(values: Floats, quantity: MetricInfo) -> tuple[float, float]:
    finite = values[np.isfinite(values)]
    if not finite.size:
        return 0.0, 1.0
    low, high = min(0.0, float(finite.min())), float(finite.max())
    if quantity.unit == "%" and quantity.scale == 100:
        return low, max(100.0, high)
    return low, high * 1.05 or 1.0
