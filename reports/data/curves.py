"""Severity curves: how a metric changes from clean (0) to the strongest severity, one line per model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from robustbench_endo.metrics.aggregation import Floats
from robustbench_endo.metrics.base import Metric
from robustbench_endo.reports.data.estimates import mean_by_severity
from robustbench_endo.reports.data.floors import floor_of
from robustbench_endo.reports.palette import Style, model_styles
from robustbench_endo.results.estimates import ScoreArray

if TYPE_CHECKING:
    from robustbench_endo.results import Resampling, Results

Lines = Mapping[str, Mapping[str, Floats]]


@dataclass(frozen=True)
class Curves:
    """A metric against severity.

    Attributes:
        metric: on the y axis.
        severities: x, 0 (clean) first.
        lines: panel -> model -> y (len(severities),), NaN where the condition is missing; the panel ``mean`` first.
        limits: y axis shared by all panels.
        styles: one per model.
        floor: panel -> y of a predictor that sees no image (len(severities),); empty for a metric without a floor.
        floor_name: of that predictor.
        plausible: panel -> lowest and highest severity that clinicians rate plausible, where the suite states them.
        bands: panel -> model -> interval (2, len(severities)), NaN where there is none; empty without intervals.
    """

    metric: Metric
    severities: tuple[float, ...]
    lines: Lines
    limits: tuple[float, float]
    styles: Mapping[str, Style]
    bands: Lines = field(default_factory=dict)
    floor: Mapping[str, Floats] = field(default_factory=dict)
    floor_name: str = ""
    plausible: Mapping[str, tuple[float, float]] = field(default_factory=dict)


def severity_curves(results: Results, name: str, intervals: bool | Resampling = False) -> Curves:
    """The curves of one metric: the mean over corruptions, then one panel per corruption; with bands on request.

    Raises:
        RobustEndoError: a metric that the run does not have.
        RunError: intervals of a run without frames.
    """
    metric = results.metric(name)
    ((_, scores),) = results.estimator(intervals).results([name])
    single = scores.estimate_mean(ScoreArray.with_clean)
    mean = scores.estimate_mean(mean_by_severity)

    def panels(of_mean: Floats, of_each: Floats) -> dict[str, dict[str, Floats]]:
        arrays = {"mean": of_mean} | {panel: of_each[..., k, :] for k, panel in enumerate(results.corruptions)}
        return {
            panel: {model: values[..., index, :] for index, model in enumerate(results.models)}
            for panel, values in arrays.items()
        }

    floor = floor_of(results, name)
    ends = (np.stack((estimate.low, estimate.high)) for estimate in (mean, single))
    return Curves(
        metric,
        (0, *results.severities),
        panels(mean.value, single.value),
        _limits(single.value, metric),
        model_styles(results.models),
        panels(*ends) if intervals else {},
        {} if floor is None else floor.panels,
        "" if floor is None else floor.name,
        {entry["name"]: tuple(entry["plausible"]) for entry in results.info["corruptions"] if entry.get("plausible")},
    )


def _limits(values: Floats, metric: Metric) -> tuple[float, float]:
    finite = values[np.isfinite(values)]
    if not finite.size:
        return 0.0, 1.0
    low, high = min(0.0, float(finite.min())), float(finite.max())
    if metric.upper_bound is not None:
        return low, max(metric.upper_bound, high)
    return low, high * 1.05 or 1.0
