"""Which classes fall: intersection over union of each mask label, clean and corrupted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from robustbench_endo.reports.data.metrics import leading_metric, metric
from robustbench_endo.reports.formatting import number
from robustbench_endo.results.bootstrap import Bootstrap, units
from robustbench_endo.results.dataset_scores import mean_of_present
from robustbench_endo.results.estimates import resampled_scores
from robustbench_endo.results.frame_statistics import group_of_metric
from robustbench_endo.results.metric_info import MetricInfo
from robustbench_endo.results.schema import CLEAN, count_columns

if TYPE_CHECKING:
    from robustbench_endo.results import Results


@dataclass(frozen=True)
class ClassRow:
    """A class; for each model its IoU in percent on clean frames and under the mean of all corruptions, as printed."""

    name: str
    values: tuple[tuple[str, str], ...]


def class_rows(results: Results) -> list[ClassRow]:
    """A row a class that occurs, from pixel counts summed over frames as for mIoU; empty without masks.

    The mean is that of the table: over severities, then over corruptions.
    """
    overlap = class_overlap(results)
    clean = overlap[overlap["corruption"] == CLEAN].groupby("model", observed=True)
    damaged = overlap[overlap["corruption"].isin(results.corruptions)].groupby(["model", "corruption"], observed=True)
    labels = list(range(len(results.classes)))
    before = clean[labels].mean()
    after = damaged[labels].mean().groupby("model", observed=True).mean()
    return [
        ClassRow(name, tuple((_at(before, model, label), _at(after, model, label)) for model in results.models))
        for label, name in enumerate(results.classes)
        if overlap[label].notna().any()
    ]


def class_overlap(results: Results) -> pd.DataFrame:
    """A row model x corruption x severity, a column a label (0, 1, ...): IoU in percent, NaN where absent."""
    number_of_classes = len(results.classes)
    counts = results.frame[count_columns(number_of_classes)].clip(lower=0)
    keys = [results.frame[key] for key in ("model", "corruption", "severity")]
    summed = counts.groupby(keys, sort=False, observed=True).sum()
    tp, fp, fn = summed.to_numpy(float).reshape(len(summed), 3, number_of_classes).transpose(1, 0, 2)
    union = tp + fp + fn
    share = np.divide(100 * tp, union, out=np.full_like(tp, np.nan), where=union > 0)
    return pd.DataFrame(share, index=summed.index, columns=range(number_of_classes)).reset_index()


def _at(table: pd.DataFrame, model: str, label: int) -> str:
    return number(float(table.at[model, label]) if model in table.index else None)


SHOWN = 40
"""Rows: the weakest come first, so that what is left out matters least."""


@dataclass(frozen=True)
class Sequences:
    """A metric by patient or sequence.

    Attributes:
        metric: the leading one of the run.
        rows: (group, frames, (clean, mean of corruptions) of each model as printed), weakest first.
        left_out: how many groups are not shown.
    """

    metric: MetricInfo
    rows: tuple[tuple[str, int, tuple[tuple[str, str], ...]], ...]
    left_out: int


def sequences(results: Results) -> Sequences | None:
    """The table; None without numbers or with a single group."""
    name = leading_metric(results)
    frame = results.frame
    if name is None or frame["subject_id"].nunique() < 2:
        return None
    by_subject = units(frame, Bootstrap(unit="subject"))
    sampler, alone = results.sampler(), np.eye(by_subject.number)
    found = resampled_scores(
        group_of_metric(sampler.metric_groups, name), [name], frame, sampler.codes, len(sampler.keys), by_subject, alone
    )
    cube = sampler.cube(metric(name).scale * found[name])
    clean, damaged = cube.clean, cube.mean_over_corruptions()
    names = sorted(frame["subject_id"].unique())
    frames = frame.groupby("subject_id", observed=True)["image_id"].nunique()
    sign = -1 if metric(name).higher_is_better is False else 1
    weight = sign * mean_of_present(damaged if np.isfinite(damaged).any() else clean, -1)
    order = np.argsort(np.nan_to_num(weight, nan=np.inf), kind="stable")
    unit = metric(name).unit
    rows = tuple(
        (
            str(names[place]),
            int(frames[names[place]]),
            tuple((number(a, unit), number(b, unit)) for a, b in zip(clean[place], damaged[place], strict=True)),
        )
        for place in order[:SHOWN].tolist()
    )
    return Sequences(metric(name), rows, max(0, len(names) - SHOWN))
