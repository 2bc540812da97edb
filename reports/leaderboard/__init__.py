"""Pages over several runs: a comparison, and a site of all runs in a folder. Files are enough: nothing is served."""

from robustbench_endo.reports.leaderboard.compare_page import compare_page
from robustbench_endo.reports.leaderboard.site import write_site

__all__ = ["compare_page", "write_site"]
