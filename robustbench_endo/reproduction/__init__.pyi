from .experiments import GRIDS, Cell, Grid, Row, grid, published

__all__ = ["GRIDS", "Cell", "Grid", "Row", "grid", "published"]
