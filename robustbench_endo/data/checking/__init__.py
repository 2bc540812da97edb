"""Looking a data set over before anything is trained or measured on it."""

from robustbench_endo.data.checking.check import check
from robustbench_endo.data.checking.leakage import splits_of
from robustbench_endo.data.checking.report import Findings, Problem, SplitFindings

__all__ = ["Findings", "Problem", "SplitFindings", "check", "splits_of"]
