"""From per-image records to one score a condition: everything recomputes from the stored counts."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from robustbench_endo.results.quantities import QUANTITIES
from robustbench_endo.results.schema import COUNTED, KEYS, MEASURED, count_columns

Floats = NDArray[np.float64]
Codes = NDArray[np.intp]

_MEANS = {
    "hd": "hd",
    "hd95": "hd95",
    "assd": "assd",
    "nsd": "nsd",
    "ssim": "ssim",
    "image_ssim": "image_ssim",
}
_MEANS |= {"image_psnr": "image_psnr", "miou_image": "miou", "dice_image": "dice"}


def scores(frame: pd.DataFrame, classes: int, activities: int) -> pd.DataFrame:
    """A row per model x corruption x severity: ``images`` and every quantity, in its unit.

    Args:
        frame: records, columns as in :mod:`robustbench_endo.results.schema`.
        classes: number of mask labels.
        activities: number of activities.
    """
    grouped = frame.groupby(["model", "corruption", "severity"], sort=False, observed=True)
    codes = grouped.ngroup().to_numpy()
    keys = frame.loc[~grouped.cumcount().astype(bool), ["model", "corruption", "severity"]]
    table = keys.reset_index(drop=True)
    number = len(table)
    table["images"] = np.bincount(codes, minlength=number)
    columns = {
        **activity_scores(frame, codes, number, activities),
        **overlap_scores(frame, codes, number, classes),
        **mean_scores(frame, codes, number),
    }
    for name, quantity in QUANTITIES.items():
        table[name] = columns[name] * quantity.scale
    for name in own_metrics(frame):
        table[name] = group_mean(frame[name].to_numpy(np.float64), codes, number)
    return table


def own_metrics(frame: pd.DataFrame) -> list[str]:
    """The columns that a user's own metrics added."""
    known = {*KEYS, *MEASURED, *COUNTED}
    return [name for name in frame.columns if name not in known and not name.startswith(("tp_", "fp_", "fn_"))]


def overlap_scores(frame: pd.DataFrame, codes: Codes, number: int, classes: int) -> dict[str, Floats]:
    """Dataset-level mIoU and Dice: counts summed over frames, then averaged over the classes that occur."""
    counts = frame[count_columns(classes)].to_numpy(np.float64).reshape(len(frame), 3, classes)
    total = np.zeros((number, 3, classes))
    np.add.at(total, codes, counts)
    tp, fp, fn = total.transpose(1, 0, 2)
    return {
        "miou": mean_of_present(divide(tp, tp + fp + fn)),
        "dice": mean_of_present(divide(2 * tp, 2 * tp + fp + fn)),
    }


def activity_scores(frame: pd.DataFrame, codes: Codes, number: int, activities: int) -> dict[str, Floats]:
    """Accuracy, balanced accuracy, macro-F1 and calibration error of the activity."""
    target = frame["activity_target"].to_numpy(np.intp)
    predicted = frame["activity_prediction"].to_numpy(np.intp)
    judged = (target >= 0) & (predicted >= 0)
    codes, target, predicted = codes[judged], target[judged], predicted[judged]
    cells = (codes * activities + target) * activities + predicted
    confusion = np.bincount(cells, minlength=number * activities**2).reshape(number, activities, activities)
    right = confusion.diagonal(axis1=1, axis2=2)
    occurs, guessed = confusion.sum(2), confusion.sum(1)
    confidence = frame["activity_confidence"].to_numpy(np.float64)[judged]
    return {
        "accuracy": divide(right.sum(1), confusion.sum((1, 2))),
        "balanced_accuracy": mean_of_present(divide(right, occurs)),
        "macro_f1": mean_of_present(divide(2 * right, occurs + guessed)),
        "ece": calibration_error(confidence, target == predicted, codes, number),
    }


def calibration_error(confidence: Floats, right: NDArray[np.bool_], codes: Codes, number: int) -> Floats:
    """Expected calibration error, 15 bins (Guo et al., ICML 2017): mean over bins of |accuracy - confidence|."""
    bins = np.clip(np.ceil(confidence * 15).astype(np.intp) - 1, 0, 14)
    gap = np.bincount(codes * 15 + bins, weights=right - confidence, minlength=number * 15)
    return divide(np.abs(gap).reshape(number, 15).sum(1), np.bincount(codes, minlength=number))


def mean_scores(frame: pd.DataFrame, codes: Codes, number: int) -> dict[str, Floats]:
    """Means over the frames for which a per-image measure is defined."""
    result = {name: group_mean(frame[column].to_numpy(np.float64), codes, number) for name, column in _MEANS.items()}
    relative = frame["hd"].to_numpy(np.float64) / frame["diagonal"].to_numpy(np.float64)
    result["hd_diagonal"] = group_mean(relative, codes, number)
    missed, scored = (
        np.bincount(codes, weights=frame[column].to_numpy(np.float64), minlength=number)
        for column in ("missed", "scored")
    )
    result["missed_rate"] = divide(missed, scored)
    return result


def group_mean(values: Floats, codes: Codes, number: int) -> Floats:
    """Mean of the finite values of each group; NaN for a group without one."""
    finite = np.isfinite(values)
    total = np.bincount(codes[finite], weights=values[finite], minlength=number)
    return divide(total, np.bincount(codes[finite], minlength=number))


def divide(numerator: NDArray[np.generic], denominator: NDArray[np.generic]) -> Floats:
    """Quotient; NaN where the denominator is 0."""
    top, bottom = np.asarray(numerator, np.float64), np.asarray(denominator, np.float64)
    return np.divide(top, bottom, out=np.full_like(top, np.nan), where=bottom > 0)


def mean_of_present(values: Floats) -> Floats:
    """Mean over the last axis of what is defined; NaN where nothing is."""
    defined = ~np.isnan(values)
    return divide(np.where(defined, values, 0.0).sum(-1), defined.sum(-1))
