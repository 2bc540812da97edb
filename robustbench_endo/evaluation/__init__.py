"""The run: dataset -> resolution -> corruption -> model -> records."""

from robustbench_endo.evaluation.device import choose_device
from robustbench_endo.evaluation.evaluate import run
from robustbench_endo.evaluation.request import Request

__all__ = ["Request", "choose_device", "run"]
