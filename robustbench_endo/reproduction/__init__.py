"""The paper's tables and figures, made again: what is trained and judged for each, and ours beside theirs.

The paper: "EndoARSS: Adapting Spatially-Aware Foundation Model for Efficient Activity Recognition and Semantic
Segmentation in Endoscopic Surgery", arXiv 2506.06830.
"""

from robustbench_endo.reproduction.experiments import GRIDS, Cell, Grid, Row, grid, published

__all__ = ["GRIDS", "Cell", "Grid", "Row", "grid", "published"]
