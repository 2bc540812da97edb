from .figure_files import write_figures
from .latex import latex
from .markdown import markdown
from .printed_tables import printed_tables
from .table_files import write_tables

__all__ = ["latex", "markdown", "printed_tables", "write_figures", "write_tables"]
