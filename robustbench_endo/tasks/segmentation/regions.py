"""Segmentation metrics over the region of the frame, whole or content area, that the other metrics are not over."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from robustbench_endo.metrics.aggregation import Floats
from robustbench_endo.tasks.segmentation.metrics import SURROUND, Dice, MeanIoU, OverlapMetric, count_columns

if TYPE_CHECKING:
    import pandas as pd


class RegionMetric(OverlapMetric):
    """A metric over the region of the frame that the other metrics of the run are not over.

    Args:
        region: ``content`` (the frames without the surround; the other metrics are over the whole frames) or ``frame``.
    """

    unit, higher_is_better = "%", True
    frame_column = None
    kind: str
    title: str

    def __init__(self, region: str) -> None:
        self.region = region
        where = "inside the content area" if region == "content" else "of the whole frame"
        self.name, self.label = f"{self.kind}_{region}", f"{self.title} {where}"
        self.description = f"{self.title} from the pixels {where}."
        super().__init__()

    def statistics(self, records: pd.DataFrame, num_labels: int) -> Floats:
        """Pixels tp, fp, fn of each class in the region, (n, 3 * C)."""
        counts = super().statistics(records, num_labels)
        surround = np.asarray(records[count_columns(num_labels, SURROUND)], np.float64)
        return counts + surround if self.region == "frame" else counts - surround


class RegionMeanIoU(RegionMetric):
    """mIoU over the other region."""

    kind, title = "miou", "mIoU"
    formula = MeanIoU.formula


class RegionDice(RegionMetric):
    """Dice over the other region."""

    kind, title = "dice", "Dice"
    formula = Dice.formula
