"""``results.plot``: the figures of a run by name, for notebooks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from matplotlib.figure import Figure

from robustbench_endo.errors import RobustEndoError, UnknownNameError
from robustbench_endo.reports.data.curves import severity_curves
from robustbench_endo.reports.data.metrics import leading_metric
from robustbench_endo.reports.plotting.diagnostics import (
    calibration_figure,
    endurance_figure,
    envelope_figure,
    silence_figure,
)
from robustbench_endo.reports.plotting.heat import groups_figure, heat_figure
from robustbench_endo.reports.plotting.severity_curves import panels_figure, severity_figure

if TYPE_CHECKING:
    from robustbench_endo.results import Bootstrap, Results


class Plots:
    """The figures of one run, each a new ``matplotlib.figure.Figure`` that belongs to no window.

    A model has the same colour, dash and marker in all of them. ``metric`` is any that the run holds; without one it
    is mIoU where there are masks, else accuracy.
    """

    def __init__(self, results: Results) -> None:
        self._results = results

    def severity(
        self, metric: str | None = None, corruption: str | None = None, intervals: bool | Bootstrap = False
    ) -> Figure:
        """A metric against severity.

        Args:
            corruption: a corruption, ``mean`` for their mean, None for all beside each other.
            intervals: bands from resampled patients or sequences.

        Raises:
            UnknownNameError: a corruption that is not in the run.
            RobustEndoError: a metric that the run does not hold.
        """
        curves = severity_curves(self._results, self._metric(metric), intervals)
        if corruption is None:
            return panels_figure(curves)
        if corruption not in curves.lines:
            raise UnknownNameError(
                f"Expected a corruption of the run, got {corruption!r}: choose from {', '.join(curves.lines)}."
            )
        return severity_figure(curves, corruption)

    def categories(self, metric: str | None = None, intervals: bool | Bootstrap = False) -> Figure:
        """A metric on clean frames and by category of corruptions."""
        return groups_figure(self._results, self._metric(metric), intervals)

    def heat(self, metric: str | None = None) -> Figure:
        """The table of a metric as a heat map: corruptions down, models across."""
        return heat_figure(self._results, self._metric(metric))

    def calibration(self, task: str = "segmentation") -> Figure:
        """Share that is right against confidence, of ``segmentation`` pixels or ``activity`` frames."""
        return calibration_figure(self._results, task)

    def envelope(self, require: Mapping[str, float] | None = None, intervals: bool | Bootstrap = True) -> Figure:
        """Up to which severity each model is safe.

        Args:
            require: metric -> threshold as in ``Results.envelope``; None: keeps 90 % of its own clean score.
        """
        if require is None:
            return endurance_figure(self._results)
        return envelope_figure(self._results, require, intervals)

    def failures(self, dice: float = 0.5) -> Figure:
        """How often each task fails under corruption, and how often silently."""
        return silence_figure(self._results, dice)

    def __repr__(self) -> str:
        return "Plots(severity, categories, heat, calibration, envelope, failures)"

    def _metric(self, name: str | None) -> str:
        chosen = name or leading_metric(self._results)
        if chosen is None:
            raise RobustEndoError(
                "Expected a run with scores to draw, got none: its frames carry neither masks nor activities."
            )
        return chosen
