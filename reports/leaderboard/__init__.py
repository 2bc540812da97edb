"""Pages over several runs, a comparison and a leaderboard, as files that need no server."""

from robustbench_endo.reports.leaderboard.compare_page import compare_page
from robustbench_endo.reports.leaderboard.site import write_site

__all__ = ["compare_page", "write_site"]
