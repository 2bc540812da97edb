"""Stage 3: a run's results as tables, figures, HTML and PDF. Needs neither torch nor a GPU."""

from robustbench_endo.reports.data.metrics import headline_present
from robustbench_endo.reports.plotting.contact_sheet import corruption_sheet
from robustbench_endo.reports.text import print_comparison, print_envelope, print_robustness, print_table
from robustbench_endo.reports.write import report, write_reports

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
