"""The report as one HTML file that loads nothing."""

from .page import html

__all__ = ["html"]
