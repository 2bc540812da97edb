"""Stage 3: a run's results as tables, figures, HTML and PDF. Needs neither torch nor a GPU."""

from .contact_sheet import corruption_sheet
from .terminal import print_table
from .writing import report, write_reports

__all__ = ["corruption_sheet", "print_table", "report", "write_reports"]
