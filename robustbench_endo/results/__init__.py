"""Stage 2's outcome: records, scores, tables, their uncertainty. Needs neither torch nor a GPU."""

from robustbench_endo.results.bootstrap import Bootstrap
from robustbench_endo.results.combine import merged
from robustbench_endo.results.comparison import Comparison, compare
from robustbench_endo.results.gallery import GalleryFrame
from robustbench_endo.results.io import load_results
from robustbench_endo.results.metric_info import METRICS, MetricInfo
from robustbench_endo.results.results import Results
from robustbench_endo.results.robustness import AGGREGATES, Aggregate

__all__ = [
    "AGGREGATES",
    "METRICS",
    "Aggregate",
    "Bootstrap",
    "Comparison",
    "GalleryFrame",
    "MetricInfo",
    "Results",
    "compare",
    "load_results",
    "merged",
]
