"""Validation of data sets before training and evaluation."""

from robustbench_endo.data.checking.check import check
from robustbench_endo.data.checking.report import Findings, Problem, SplitFindings
from robustbench_endo.data.checking.splits import splits_of

__all__ = ["Findings", "Problem", "SplitFindings", "check", "splits_of"]
