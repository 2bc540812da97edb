"""Scores over the whole frame and over the scope's content area, in reports of frames with a black surround."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from robustbench_endo.metrics.base import Metric
from robustbench_endo.reports.data.metrics import with_numbers
from robustbench_endo.reports.data.sample import describe_sample
from robustbench_endo.reports.data.scores import model_columns
from robustbench_endo.reports.data.tables import PLAIN, Cell, Row, Table
from robustbench_endo.reports.formatting import number
from robustbench_endo.results.schema import CLEAN, CONTENT_SHARE

if TYPE_CHECKING:
    import pandas as pd

    from robustbench_endo.results import Results

_REGIONS = {"frame": "whole frame", "content": "content area"}


def region_tables(results: Results) -> list[Table]:
    """One table: mIoU and Dice of clean frames and of all corruptions in both regions; none without a surround."""
    other = [metric for metric in _other_region(results) if with_numbers(results, [metric.name])]
    share = results.frame.drop_duplicates("image_id").get(CONTENT_SHARE)
    if not other or share is None or not (share < 1).any():
        return []
    region = str(results.info.get("region", "frame"))
    opposite = "content" if region == "frame" else "frame"
    pairs = [(metric.name.removesuffix(f"_{opposite}"), metric.name) for metric in other]
    scores = results.table([name for pair in pairs for name in pair])
    conditions = {(CLEAN, CLEAN): "clean", ("mean", "all"): "mean of all corruptions"}
    rows = [
        _row(results, scores, name, key, f"{results.metric(pair[0]).label}, {_REGIONS[where]}, {condition}")
        for pair in pairs
        for key, condition in conditions.items()
        if key in scores.index
        for where, name in zip((region, opposite), pair, strict=True)
    ]
    note = (
        f"{int((share < 1).sum())} of {len(share)} frames have a black surround, which covers "
        f"{100 * (1 - float(np.mean(share))):.1f} % of all pixels; every other score of this report is over the "
        f"{_REGIONS[region]}."
    )
    caption = f"Scores by region of the frame (%, {describe_sample(results)})"
    return [Table("regions", caption, "Score", model_columns(results.models), tuple(rows), remarks=(note,))]


def _other_region(results: Results) -> list[Metric]:
    settings = results.info.get("metric_settings", {})
    return [metric for task in results.tasks for metric in task.region_metrics(settings)]


def _row(results: Results, scores: pd.DataFrame, name: str, key: tuple[str, str], label: str) -> Row:
    values = [float(scores.loc[key, (name, model)]) for model in results.models]
    cells = tuple(Cell(number(value, results.metric(name).unit), value) for value in values)
    return Row(PLAIN, label, cells, {"metric": name, "category": key[0], "corruption": key[1], "unit": "%"})
