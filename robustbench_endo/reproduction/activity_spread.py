"""The standard deviations of Table V: over activities, not over trainings.

The paper does not say what they are over; the script ``std.py`` of its authors does.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from robustbench_endo.results.schema import CLEAN

if TYPE_CHECKING:
    from robustbench_endo.metrics.aggregation import Floats
    from robustbench_endo.results import Results

SPREADS: Mapping[str, str] = {
    "accuracy_std": "accuracy_activity_sd",
    "miou_std": "foreground_iou_activity_sd",
}
"""The column of Table V -> name of the quantity in the reproduced table."""


def activity_spread(results: Results) -> dict[str, float]:
    """Standard deviations over the activities, in percent, of the clean frames of a run of one model.

    ``accuracy_std`` is that of the share of frames of each activity that are recognised; ``miou_std`` that of the mean
    IoU of all classes but the background, taken as one, over the frames of each activity. As in the authors' script,
    the divisor is the number of activities (``np.std``), an activity without frames counts as 0, a frame in which
    neither mask has a foreground as 1, and the IoU does not depend on the recognised activity.

    Returns:
        Column of Table V -> standard deviation; NaN for a network that lacks one of the tasks.
    """
    frame = results.frame
    num_activities, num_classes = (len(results.labels.get(task, ())) for task in ("activity", "segmentation"))
    if not num_activities or not num_classes:
        return dict.fromkeys(SPREADS, math.nan)
    clean = frame[(frame["corruption"] == CLEAN) & (frame["activity_target"] >= 0)]
    counts = {
        kind: clean[[f"{kind}_{label}" for label in range(num_classes)]].to_numpy(np.float64)
        for kind in ("tp", "fp", "fn")
    }
    targets, predictions = (clean[name].to_numpy() for name in ("activity_target", "activity_prediction"))
    values = {
        "accuracy_std": np.asarray(targets == predictions, np.float64),
        "miou_std": foreground_iou(counts["tp"], counts["fp"], counts["fn"]),
    }
    return {name: 100 * _spread(each, targets, num_activities) for name, each in values.items()}


def foreground_iou(tp: Floats, fp: Floats, fn: Floats) -> Floats:
    """IoU of all classes but the first, taken as one class, in [0, 1], (n,); 1 where neither mask has any of them.

    Args:
        tp, fp, fn: pixels of each class, (n, C); the first class is the background.

    >>> foreground_iou(np.array([[5.0, 2.0]]), np.array([[1.0, 2.0]]), np.array([[2.0, 1.0]])).tolist()
    [0.4]
    """
    pixels = (tp + fn).sum(1)
    union = pixels - tp[:, 0]
    both = union - fp[:, 0] - fn[:, 0]
    overlap: Floats = np.where(union > 0, both / np.maximum(union, 1), 1.0)
    return overlap


def _spread(values: Floats, targets: Floats, num_activities: int) -> float:
    means = [values[targets == label].mean() if (targets == label).any() else 0.0 for label in range(num_activities)]
    return float(np.std(means))
