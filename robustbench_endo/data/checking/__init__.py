"""Looking a data set over before anything is trained or measured on it."""

from robustbench_endo.data.checking.check import check
from robustbench_endo.data.checking.findings import Findings, Problem, SplitFindings
from robustbench_endo.data.checking.splits import splits_of

__all__ = ["Findings", "Problem", "SplitFindings", "check", "splits_of"]
