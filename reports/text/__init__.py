"""The run in forms that go elsewhere: LaTeX, Markdown, CSV and Parquet, and every figure as a file."""

from __future__ import annotations

from robustbench_endo.reports.text.figure_files import write_figures
from robustbench_endo.reports.text.latex import latex
from robustbench_endo.reports.text.markdown import markdown
from robustbench_endo.reports.text.table_files import write_tables
from robustbench_endo.reports.text.terminal_comparison import print_comparison
from robustbench_endo.reports.text.terminal_robustness import print_envelope, print_robustness
from robustbench_endo.reports.text.terminal_table import print_table
from robustbench_endo.reports.text.text_tables import PrintedTable, printed_tables

__all__ = [
    "PrintedTable",
    "latex",
    "markdown",
    "print_comparison",
    "print_envelope",
    "print_robustness",
    "print_table",
    "printed_tables",
    "write_figures",
    "write_tables",
]
