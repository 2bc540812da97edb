from .combine import combine_runs
from .comparison import Comparison, compare
from .gallery import GalleryFrame
from .io import load_results
from .rankings.rankings import Rankings
from .resampling import Resampling
from .results import Results
from .robustness import AGGREGATES, Aggregate
from .sample_size import sample_size
from .verify import Check, verify

__all__ = [
    "AGGREGATES",
    "Aggregate",
    "Check",
    "Comparison",
    "GalleryFrame",
    "Rankings",
    "Resampling",
    "Results",
    "combine_runs",
    "compare",
    "load_results",
    "sample_size",
    "verify",
]
