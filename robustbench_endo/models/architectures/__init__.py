"""Multi-task architectures: one file and one entry in ``ARCHITECTURES`` each."""

from robustbench_endo.models.architectures.base import HPS, Architecture, SingleTask, Trunk
from robustbench_endo.models.architectures.experts import DSelectK, MMoE
from robustbench_endo.models.architectures.tesla import TESLA

__all__ = ["ARCHITECTURES", "Architecture", "Trunk"]

ARCHITECTURES: tuple[type[Architecture], ...] = (MMoE, DSelectK, TESLA, HPS, SingleTask)
