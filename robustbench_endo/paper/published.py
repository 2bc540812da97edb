"""The figures that the paper prints, as transcribed into tables/*.csv (arXiv 2506.06830, Tables I to VII)."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from robustbench_endo.paper.errors import PaperError

FOLDER = Path(__file__).parent / "tables"

FILES = {
    "table1": "table1_datasets",
    "table2": "table2_mtlesd",
    "table3": "table3_mtlendovis",
    "table4": "table4_mtlendovis_gen",
    "table5": "table5_ablation",
    "table6": "table6_rank",
    "table7": "table7_robustness",
}


def published(table: str) -> pd.DataFrame:
    """A table of the paper: labels as text, figures as floats in the paper's units (% but for the Hausdorff distance).

    Raises:
        PaperError: the paper has no such table.
    """
    if table not in FILES:
        raise PaperError(f"Expected a table of the paper ({', '.join(FILES)}), found {table!r}: choose one of them.")
    return pd.read_csv(FOLDER / f"{FILES[table]}.csv")
