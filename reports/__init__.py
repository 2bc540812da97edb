"""Stage 3: a run's results as tables, figures, HTML and PDF. Needs neither torch nor a GPU."""

from .content.metrics import headline_present
from .plotting.contact_sheet import corruption_sheet
from .terminal import print_comparison, print_envelope, print_robustness, print_table
from .writing import report, write_reports

__all__ = [
    "corruption_sheet",
    "headline_present",
    "print_comparison",
    "print_envelope",
    "print_robustness",
    "print_table",
    "report",
    "write_reports",
]
