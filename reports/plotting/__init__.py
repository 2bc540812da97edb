"""Figures of a run on matplotlib, each complete with axes, units and a legend: for notebooks, papers and print."""

from robustbench_endo.reports.plotting.diagnostics import (
    calibration_figure,
    envelope_figure,
    failures_figure,
    relative_figure,
    reliability_figure,
)
from robustbench_endo.reports.plotting.plots import Plots, categories_figure, categories_figure_of, heat_figure
from robustbench_endo.reports.plotting.severity_curves import panels_figure, severity_figure, severity_figures

__all__ = [
    "Plots",
    "calibration_figure",
    "categories_figure",
    "categories_figure_of",
    "envelope_figure",
    "failures_figure",
    "heat_figure",
    "panels_figure",
    "relative_figure",
    "reliability_figure",
    "severity_figure",
    "severity_figures",
]
