"""Pages over several runs: a comparison, and a site of all runs in a folder. Files are enough: nothing is served."""

from .compare_page import compare_page
from .site import write_site

__all__ = ["compare_page", "write_site"]
