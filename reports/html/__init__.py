"""The report as one HTML file that loads nothing."""

from robustbench_endo.reports.html.page import html

__all__ = ["html"]
