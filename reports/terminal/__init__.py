"""A run in a terminal: the table of scores, the run in few numbers, the comparison of models."""

from .comparison import print_comparison
from .robustness import print_envelope, print_robustness
from .table import print_table

__all__ = ["print_comparison", "print_envelope", "print_robustness", "print_table"]
