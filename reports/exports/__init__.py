"""The run in forms that go elsewhere: LaTeX, Markdown, CSV and Parquet, and every figure as a file."""

from .figure_files import write_figures
from .latex import latex
from .markdown import markdown
from .printed import PrintedTable, printed_tables
from .table_files import write_tables

__all__ = ["PrintedTable", "latex", "markdown", "printed_tables", "write_figures", "write_tables"]
