"""Figures of a run on matplotlib, each a whole with axes, units and a legend: for notebooks, papers and print."""

from robustbench_endo.reports.plotting.diagnostics import (
    calibration_figure,
    endurance_figure,
    envelope_figure,
    reliability_figure,
    silence_figure,
)
from robustbench_endo.reports.plotting.heat import groups_figure, groups_of, heat_figure
from robustbench_endo.reports.plotting.plots import Plots
from robustbench_endo.reports.plotting.severity_curves import panels_figure, severity_figure, severity_figures

__all__ = [
    "Plots",
    "calibration_figure",
    "endurance_figure",
    "envelope_figure",
    "groups_figure",
    "groups_of",
    "heat_figure",
    "panels_figure",
    "reliability_figure",
    "severity_figure",
    "severity_figures",
    "silence_figure",
]
