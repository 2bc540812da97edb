"""The report as a PDF for A4 or Letter, set by typst."""

from robustbench_endo.reports.pdf.layout import PAGE_SIZES, pdf

__all__ = ["PAGE_SIZES", "pdf"]
