"""A run in other forms: terminal, LaTeX, Markdown, CSV and Parquet, and every figure as a file."""

from robustbench_endo.reports.text.figure_files import write_figures
from robustbench_endo.reports.text.latex import latex
from robustbench_endo.reports.text.markdown import markdown
from robustbench_endo.reports.text.printed_tables import printed_tables
from robustbench_endo.reports.text.table_files import write_tables

__all__ = ["latex", "markdown", "printed_tables", "write_figures", "write_tables"]
