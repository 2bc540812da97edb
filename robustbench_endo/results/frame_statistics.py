"""What a frame adds to the sums that scores are made of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from robustbench_endo.errors import RobustEndoError
from robustbench_endo.results import dataset_scores as scoring
from robustbench_endo.results.dataset_scores import BINS, Floats
from robustbench_endo.results.metric_info import METRICS
from robustbench_endo.results.schema import bin_columns, count_columns, custom_columns

Codes = NDArray[np.intp]


def overlap_counts(frame: pd.DataFrame, classes: int) -> Floats:
    """Pixels tp, fp, fn of each class, (n, 3 * C)."""
    return np.asarray(frame[count_columns(classes)], np.float64)


def activity_counts(frame: pd.DataFrame, activities: int) -> Floats:
    """Is each activity rightly said, the truth, what was said: 0 or 1, (n, 3 * A); 0 for a frame not judged."""
    target, predicted, judged = judged_activity(frame)
    index = np.arange(activities)
    occurs = (target[:, None] == index) & judged[:, None]
    guessed = (predicted[:, None] == index) & judged[:, None]
    return np.concatenate((occurs & guessed, occurs, guessed), axis=1).astype(np.float64)


def activity_confusion(frame: pd.DataFrame, activities: int) -> Floats:
    """Is the truth j and the answer k: 0 or 1, (n, A * A); 0 for a frame not judged."""
    target, predicted, judged = judged_activity(frame)
    cells = np.where(judged, target * activities + predicted, -1)
    return np.asarray(cells[:, None] == np.arange(activities**2), np.float64)


def activity_gaps(frame: pd.DataFrame) -> Floats:
    """Right less confidence in the bin of the confidence, then 1: (n, BINS + 1); 0 for a frame not judged.

    Bins are ((b - 1) / 15, b / 15].
    """
    target, predicted, judged = judged_activity(frame)
    confidence = np.where(judged, frame["activity_confidence"].to_numpy(np.float64), 0.0)
    place = np.clip(np.ceil(confidence * BINS).astype(np.intp) - 1, 0, BINS - 1)
    gaps = np.zeros((len(frame), BINS + 1))
    gaps[np.arange(len(frame)), place] = np.where(judged, (target == predicted) - confidence, 0.0)
    gaps[:, -1] = judged
    return gaps


def pixel_gaps(frame: pd.DataFrame) -> Floats:
    """Right pixels less their confidence in each bin, then the pixels: (n, BINS + 1)."""
    count, right, confidence = (
        frame[bin_columns(kind)].to_numpy(np.float64) for kind in ("count", "right", "confidence")
    )
    return np.concatenate((right - np.nan_to_num(confidence), count.sum(1, keepdims=True)), axis=1)


def values(column: Floats) -> Floats:
    """A per-frame measure and 1, (n, 2); 0 and 0 where it is not finite: such a frame is left out, not averaged."""
    finite = np.isfinite(column)
    return np.stack((np.where(finite, column, 0.0), finite), axis=1)


def pair(frame: pd.DataFrame, columns: Sequence[str]) -> Floats:
    """Two counts whose quotient is the score, (n, 2)."""
    return np.asarray(frame[list(columns)], np.float64)


def judged_activity(frame: pd.DataFrame) -> tuple[Codes, Codes, NDArray[np.bool_]]:
    """True activity, the model's answer, and whether both are there, each (n,)."""
    target = frame["activity_target"].to_numpy(np.intp)
    predicted = frame["activity_prediction"].to_numpy(np.intp)
    return target, predicted, (target >= 0) & (predicted >= 0)


def invalid_predictions(frame: pd.DataFrame) -> NDArray[np.bool_]:
    """Frames for which a model gave NaN or infinite logits: neither task has a confidence. (n,)."""
    both = frame[["segmentation_confidence", "activity_confidence"]].isna()
    absent: NDArray[np.bool_] = both.all(axis=1).to_numpy()
    return absent


_MEANS = {name: name for name in ("hd", "hd95", "assd", "nsd", "ssim", "image_ssim", "image_psnr")}

_MEANS |= {"miou_image": "miou", "dice_image": "dice", "brier": "activity_brier"}


@dataclass(frozen=True)
class MetricGroup:
    """Quantities that need the same sums.

    Attributes:
        names: the quantities.
        statistics: records -> what each adds to the sums, float64 (n, K).
        scores: sums (K, ...) -> quantity -> (...), in the stored scale (shares, px).
    """

    names: tuple[str, ...]
    statistics: Callable[[pd.DataFrame], Floats]
    scores: Callable[[Floats], dict[str, Floats]]


def metric_groups(frame: pd.DataFrame, classes: int, activities: int, protocol: str = "standard") -> list[MetricGroup]:
    """All that can be scored from these records; optional columns of the schema that are absent have no family."""
    found = [
        MetricGroup(
            ("accuracy", "balanced_accuracy", "macro_f1"),
            partial(activity_counts, activities=activities),
            scoring.activity,
        ),
        _single("ece", activity_gaps, scoring.calibration),
        MetricGroup(("miou", "dice"), partial(overlap_counts, classes=classes), scoring.overlap),
        _single("hd_diagonal", lambda records: values(_diagonals(records)), scoring.ratio),
        _single("missed_rate", partial(pair, columns=("missed", "scored")), scoring.ratio),
    ]
    if set(bin_columns("count")) <= set(frame.columns):
        found.append(_single("segmentation_ece", pixel_gaps, scoring.calibration))
    if protocol == "endoarss":
        found += [
            MetricGroup(
                ("endoarss_miou", "endoarss_dice"),
                partial(overlap_counts, classes=classes),
                scoring.endoarss_overlap,
            ),
            MetricGroup(
                ("endoarss_accuracy", "endoarss_f1"),
                partial(activity_confusion, activities=activities),
                scoring.endoarss_activity,
            ),
        ]
    means = {name: column for name, column in _MEANS.items() if column in frame}
    means |= {name: name for name in custom_columns(list(frame.columns))}
    return found + [mean_group(name, column) for name, column in means.items()]


def group_of_metric(found: Sequence[MetricGroup], metric: str) -> MetricGroup:
    """The family that holds a quantity.

    Raises:
        RobustEndoError: none does.
    """
    for family in found:
        if metric in family.names:
            return family
    names = [name for family in found for name in family.names]
    raise unknown_metric(metric, [name for name in (*METRICS, *names) if name in names])


def unknown_metric(metric: str, known: list[str]) -> RobustEndoError:
    """The error for a metric that a run does not hold."""
    return RobustEndoError(
        f"Expected a metric of the run, got {metric!r}: choose from {', '.join(dict.fromkeys(known))}."
    )


def mean_group(name: str, column: str) -> MetricGroup:
    """The mean of a column over the frames for which it is finite."""

    def records(frame: pd.DataFrame) -> Floats:
        return values(frame[column].to_numpy(np.float64))

    return _single(name, records, scoring.ratio)


def _single(name: str, statistics: Callable[[pd.DataFrame], Floats], score: Callable[[Floats], Floats]) -> MetricGroup:
    return MetricGroup((name,), statistics, lambda sums: {name: score(sums)})


def _diagonals(frame: pd.DataFrame) -> Floats:
    relative: Floats = frame["hd"].to_numpy(np.float64) / frame["diagonal"].to_numpy(np.float64)
    return relative
