"""Multi-task architectures by name: one file, one line here."""

from robustbench_endo.models.architectures.base import Architecture, Trunk
from robustbench_endo.models.architectures.dselect_k import DSelectK
from robustbench_endo.models.architectures.hps import HPS
from robustbench_endo.models.architectures.mmoe import MMoE
from robustbench_endo.models.architectures.single_task import SingleTask
from robustbench_endo.models.architectures.tesla import TESLA

__all__ = ["ARCHITECTURES", "Architecture", "Trunk"]

ARCHITECTURES: tuple[type[Architecture], ...] = (MMoE, DSelectK, TESLA, HPS, SingleTask)
