"""The run: dataset -> resolution -> corruption -> model -> records."""

from robustbench_endo.evaluation.config import Request
from robustbench_endo.evaluation.device import choose_device

__all__ = ["Request", "choose_device"]
