from .data.metrics import headline_present
from .plotting.contact_sheet import corruption_sheet
from .report_checks import check_reports
from .text.table_checks import check_tables
from .text.terminal import print_comparison, print_envelope, print_robustness, print_sample_size, print_table
from .write import report, write_comparison, write_reports

__all__ = [
    "check_reports",
    "check_tables",
    "corruption_sheet",
    "headline_present",
    "print_comparison",
    "print_envelope",
    "print_robustness",
    "print_sample_size",
    "print_table",
    "report",
    "write_comparison",
    "write_reports",
]
