"""Figures of a run on matplotlib, each a whole with axes, units and a legend: for notebooks, papers and print."""

from .accessor import Plots
from .calibration import calibration_figure, reliability_figure
from .envelope import endurance_figure, envelope_figure
from .groups import groups_figure, groups_of
from .heat import heat_figure
from .severity import panels_figure, severity_figure, severity_figures
from .silence import silence_figure

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
