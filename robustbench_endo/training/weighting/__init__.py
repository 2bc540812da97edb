"""Multi-task optimisation: how the gradients of several tasks become one step.

One file per method; a method sees the tasks' losses and the gradients of the parameters that they share, and answers
with one gradient. :class:`TaskGradients` collects them, under any architecture, and writes the answer.
"""

from robustbench_endo.training.weighting.base import AggregatedGradient, Weighting
from robustbench_endo.training.weighting.registry import list_weightings, load_weighting
from robustbench_endo.training.weighting.shared_parameters import Sharing, shared_parameters
from robustbench_endo.training.weighting.task_gradients import TaskGradients

__all__ = [
    "Combined",
    "Sharing",
    "TaskGradients",
    "Weighting",
    "list_weightings",
    "load_weighting",
    "shared_parameters",
]
