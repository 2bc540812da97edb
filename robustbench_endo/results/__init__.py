"""Stage 2's outcome: records, scores, tables. Needs neither torch nor a GPU."""

from robustbench_endo.results.gallery import GalleryFrame
from robustbench_endo.results.quantities import QUANTITIES, Quantity
from robustbench_endo.results.results import Results
from robustbench_endo.results.store import load_results

__all__ = ["QUANTITIES", "GalleryFrame", "Quantity", "Results", "load_results"]
