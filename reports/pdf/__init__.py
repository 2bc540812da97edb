"""The report as a PDF for A4 or Letter, set by typst."""

from robustbench_endo.reports.pdf.layout import PAPERS, pdf

__all__ = ["PAPERS", "pdf"]
