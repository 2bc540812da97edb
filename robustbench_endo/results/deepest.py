"""The frames on which a run went most wrong."""

from __future__ import annotations

import pandas as pd

from robustbench_endo.results.schema import CLEAN

KEPT = 12
"""How many of them a report shows."""


def deepest_falls(frame: pd.DataFrame, count: int = KEPT) -> pd.DataFrame:
    """The ``count`` deepest falls of a frame's mIoU below its own clean score, one a model x corruption x frame.

    Of several severities the weakest that falls as deep is taken.

    Args:
        frame: records, columns as in :mod:`robustbench_endo.results.schema`.

    Returns:
        Columns ``model, corruption, severity, image_id, miou, before, fall`` (shares, ``fall`` negative), deepest
        first; empty without masks.
    """
    columns = ["model", "corruption", "severity", "image_id", "miou"]
    scored = frame[columns].dropna(subset="miou")
    clean = scored.loc[scored["corruption"] == CLEAN, ["model", "image_id", "miou"]]
    clean = clean.rename(columns={"miou": "before"})
    damaged = scored[scored["corruption"] != CLEAN].merge(clean, on=["model", "image_id"])
    damaged = damaged.assign(fall=damaged["miou"] - damaged["before"])
    order = damaged.sort_values(["fall", "severity", "model", "corruption", "image_id"], kind="stable")
    return order.drop_duplicates(["model", "corruption", "image_id"]).head(count).reset_index(drop=True)
