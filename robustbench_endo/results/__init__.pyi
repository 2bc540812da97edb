from .bootstrap import Bootstrap
from .combine import combine_runs
from .comparison import Comparison, compare
from .gallery import GalleryFrame
from .io import load_results
from .results import Results
from .robustness import AGGREGATES, Aggregate

__all__ = [
    "AGGREGATES",
    "Aggregate",
    "Bootstrap",
    "Comparison",
    "GalleryFrame",
    "Results",
    "combine_runs",
    "compare",
    "load_results",
]
