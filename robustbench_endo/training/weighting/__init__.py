"""Multi-task optimisation: how the gradients of several tasks become one step.

One file per method: from the losses of the tasks and the gradients of their shared parameters to one gradient.
:class:`TaskGradients` collects the gradients of any architecture and writes the result.
"""

from robustbench_endo.training.weighting.base import AggregatedGradient, Weighting
from robustbench_endo.training.weighting.registry import list_weightings, load_weighting
from robustbench_endo.training.weighting.shared_parameters import Sharing, shared_parameters
from robustbench_endo.training.weighting.task_gradients import TaskGradients

__all__ = [
    "AggregatedGradient",
    "Sharing",
    "TaskGradients",
    "Weighting",
    "list_weightings",
    "load_weighting",
    "shared_parameters",
]
