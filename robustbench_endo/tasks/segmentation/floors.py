"""The scores of a predictor that labels every pixel as background, from the pixel counts of the truth."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from robustbench_endo.metrics.aggregation import Floats, divide
from robustbench_endo.tasks.base import Columns
from robustbench_endo.tasks.segmentation.metrics import SURROUND, count_columns
from robustbench_endo.tasks.segmentation.visibility import HIDDEN, VISIBLE

if TYPE_CHECKING:
    import pandas as pd


def truth_pixels(records: pd.DataFrame, num_classes: int, part: str = "") -> Floats:
    """Scored pixels of each class in the mask, (n, C); ``part`` as in :func:`count_columns`."""
    counts = records.reindex(columns=count_columns(num_classes, part), fill_value=0).to_numpy(np.float64).clip(min=0)
    tp, _, fn = np.split(counts, 3, axis=1)
    return np.asarray(tp + fn)


def background_everywhere(records: pd.DataFrame, num_classes: int) -> Columns:
    """Record columns of a prediction without any foreground.

    A foreground class of the mask is missed: its overlap and surface Dice are 0 and its distances the image diagonal.
    SSIM and calibration do not follow from the counts.
    """
    truth = truth_pixels(records, num_classes)
    total, background, foreground = truth.sum(1), truth[:, 0], truth[:, 1:]
    n_present = (foreground > 0).sum(1)
    # The prediction has the background wherever a pixel is scored, so it counts as one of the classes.
    columns: Columns = {
        "iou_mean": divide(divide(background, total), 1 + n_present),
        "dice_mean": divide(divide(2 * background, background + total), 1 + n_present),
        "diagonal": records["diagonal"].to_numpy(np.float64),
        "n_missed_classes": n_present,
        "n_scored_classes": n_present,
        "nsd": np.where(n_present > 0, 0.0, np.nan),
    }
    columns |= {name: np.where(n_present > 0, columns["diagonal"], np.nan) for name in ("hd", "hd95", "assd")}
    around = truth_pixels(records, num_classes, SURROUND)
    for part in (VISIBLE, HIDDEN):
        columns |= _background_counts(truth_pixels(records, num_classes, part), part)
    return columns | _background_counts(truth) | _background_counts(around, SURROUND)


def _background_counts(truth: Floats, part: str = "") -> Columns:
    background, foreground = truth[:, 0], truth[:, 1:]
    zero = np.zeros_like(foreground)
    counts = (
        np.column_stack((background, zero)),  # tp
        np.column_stack((foreground.sum(1), zero)),  # fp
        np.column_stack((np.zeros_like(background), foreground)),  # fn
    )
    return dict(zip(count_columns(truth.shape[1], part), np.concatenate(counts, axis=1).T, strict=True))
