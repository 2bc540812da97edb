"""Which classes fall: intersection over union of each mask label, clean and corrupted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from robustbench_endo.results.schema import CLEAN, count_columns

from ..labels import number

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
