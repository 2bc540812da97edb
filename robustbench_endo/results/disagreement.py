"""On how many pixels and frames two models predict different labels, from their stored predictions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from robustbench_endo.predictions.reader import StoredPrediction, has_predictions, read_rows, stored_index
from robustbench_endo.results.combine import combined_names
from robustbench_endo.results.results import Results
from robustbench_endo.tasks.base import Task

FRAME = ["corruption", "severity", "replicate", "image_id"]


@dataclass(frozen=True)
class Disagreement:
    """Where two models differ.

    Attributes:
        frames: one row per frame and condition: ``corruption, severity, replicate, image_id``, ``pixels_differ``
            (share of its pixels in percent, NaN without label maps) and ``frames_differ`` (100 where any pixel, or the
            label of the frame, differs, else 0); empty where nothing is known.
        pixels: whether label maps were compared.
    """

    frames: pd.DataFrame
    pixels: bool


def disagreement(runs: Sequence[Results], pair: Results, first: str, second: str, task: Task) -> Disagreement:
    """Compare the predictions of two models for the same frames.

    Args:
        runs: that have the models.
        pair: both models on their common frames.
        first, second: names in ``pair``.
        task: whose predictions are compared.
    """
    if not task.has_label_map:
        return Disagreement(_label_disagreement(pair, first, second, f"{task.name}_prediction"), pixels=False)
    located = [_locate(runs, name) for name in (first, second)]
    if not all(has_predictions(run) for run, _ in located):
        return Disagreement(pd.DataFrame(), pixels=False)
    rows = [
        (one.corruption, float(one.severity), one.replicate, one.image_id, share, 100.0 * (share > 0))
        for one, other in _pairs(located)
        if task.name in one.values and task.name in other.values
        for share in [_share(one.values[task.name], other.values[task.name])]
    ]
    frames = pd.DataFrame(rows, columns=[*FRAME, "pixels_differ", "frames_differ"])
    common = pair.frame[FRAME].drop_duplicates().astype({"severity": float})
    return Disagreement(frames.merge(common, on=FRAME), pixels=True)


def _label_disagreement(pair: Results, first: str, second: str, column: str) -> pd.DataFrame:
    """Frames whose predicted labels differ; empty without recorded labels."""
    if column not in pair.frame:
        return pd.DataFrame()
    wide = pair.frame.pivot_table(index=FRAME, columns="model", values=column, observed=True)
    differ = 100.0 * (wide[first] != wide[second])
    return pd.DataFrame({"pixels_differ": np.nan, "frames_differ": differ}).reset_index()


def _locate(runs: Sequence[Results], name: str) -> tuple[Results, str]:
    """The run that has a model of the combined run, and its name there."""
    names = combined_names(runs) if len(runs) > 1 else [{model: model for model in runs[0].models}]
    for run, by_model in zip(runs, names, strict=True):
        for model, combined in by_model.items():
            if combined == name:
                return run, model
    raise AssertionError(name)


def _pairs(located: Sequence[tuple[Results, str]]) -> Iterator[tuple[StoredPrediction, StoredPrediction]]:
    """What both models predicted for each frame and condition; one row group of each at a time."""
    indices = []
    for number, (run, model) in enumerate(located):
        index = stored_index(run)
        index = index[index["model"] == model].drop(columns="model")
        indices.append(index.rename(columns={name: f"{name}_{number}" for name in ("file", "group", "row")}))
    both = indices[0].merge(indices[1], on=FRAME)
    groups = [f"{name}_{number}" for number in (0, 1) for name in ("file", "group")]
    for keys, part in both.groupby(groups, sort=False):
        (file, group, other_file, other_group) = keys
        one = read_rows(file, group, part["row_0"].tolist(), located[0][0].tasks)
        other = read_rows(other_file, other_group, part["row_1"].tolist(), located[1][0].tasks)
        yield from zip(one, other, strict=True)


def _share(one: np.ndarray, other: np.ndarray) -> float:
    return 100.0 * float(np.mean(one != other)) if one.shape == other.shape else float("nan")
