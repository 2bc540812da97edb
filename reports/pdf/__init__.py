"""The report as a PDF for A4 or Letter, set by typst."""

from .layout import PAPERS, pdf

__all__ = ["PAPERS", "pdf"]
