"""The paper's tables and figures, made again: what is trained and judged for each, and ours beside theirs.

The paper: "EndoARSS: Adapting Spatially-Aware Foundation Model for Efficient Activity Recognition and Semantic
Segmentation in Endoscopic Surgery", arXiv 2506.06830.
"""

from robustbench_endo.paper.cell import Cell
from robustbench_endo.paper.errors import PaperError
from robustbench_endo.paper.grid import GRIDS, Grid, Row, grid
from robustbench_endo.paper.published import published

__all__ = ["GRIDS", "Cell", "Grid", "PaperError", "Row", "grid", "published"]
