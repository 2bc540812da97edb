"""Metrics of the visible and of the hidden part of frames under corruptions that hide the scene, each declared once.

A pixel is hidden where the opacity of the corruption is 0.5 or more. The mask is that of the scene behind it: a model
that reproduces it there has guessed. All are over the foreground classes, because a model that sees nothing labels
hidden pixels as background, which is mostly right.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING

import numpy as np

from robustbench_endo.metrics.aggregation import Floats, divide, mean_of_present, values_and_counts
from robustbench_endo.metrics.base import Metric
from robustbench_endo.tasks.base import Column
from robustbench_endo.tasks.segmentation.metrics import (
    OverlapMetric,
    SegmentationMetric,
    class_dice,
    class_iou,
    count_columns,
)

if TYPE_CHECKING:
    import pandas as pd

VISIBLE, HIDDEN = "visible_", "hidden_"
"""Starts of the names of the pixel counts of each part."""

HIDDEN_SHARE = "hidden_share"
PART_NSD = (f"{VISIBLE}nsd", f"{HIDDEN}nsd")

VISIBILITY_COLUMNS = (
    Column(
        HIDDEN_SHARE,
        "float32",
        "share of the scored pixels that are hidden; NaN under a condition that hides nothing by design",
        optional=True,
    ),
    *(
        Column(
            name,
            "float32",
            f"surface Dice of the boundaries in the {name.partition('_')[0]} part, mean over foreground classes",
            optional=True,
        )
        for name in PART_NSD
    ),
)
"""Columns of the records besides the counts, which are 0 where ``hidden_share`` is NaN."""


class PartMetric(OverlapMetric):
    """A metric of the pixel counts of the foreground classes in one part of the frames."""

    unit, higher_is_better = "%", True
    frame_column = None
    part: str = HIDDEN

    def statistics(self, records: pd.DataFrame, num_labels: int) -> Floats:
        """Pixels tp, fp, fn of each class in the part, (n, 3 * C)."""
        columns = records.reindex(columns=count_columns(num_labels, self.part), fill_value=0)
        return np.asarray(columns, np.float64)

    @property
    def statistics_key(self) -> Hashable:
        """Another one for each part."""
        return super().statistics_key, self.part


class _PartDice(PartMetric):
    def formula(self, sums: Floats) -> Floats:
        return mean_of_present(class_dice(sums)[1:])


class _PartIoU(PartMetric):
    def formula(self, sums: Floats) -> Floats:
        return mean_of_present(class_iou(sums)[1:])


class DiceVisible(_PartDice):
    """Dice of the visible pixels."""

    name, label, part = "dice_visible", "Dice, visible pixels", VISIBLE
    description = "Foreground Dice from the pixels that the corruption leaves visible (opacity below 0.5)."


class DiceHidden(_PartDice):
    """Dice of the hidden pixels."""

    name, label, part = "dice_hidden", "Dice, hidden pixels", HIDDEN
    description = (
        "Foreground Dice from the pixels that the corruption hides (opacity 0.5 or more): how well it guesses."
    )


class MeanIoUVisible(_PartIoU):
    """mIoU of the visible pixels."""

    name, label, part = "miou_visible", "mIoU, visible pixels", VISIBLE
    description = "Foreground mIoU from the pixels that the corruption leaves visible."


class MeanIoUHidden(_PartIoU):
    """mIoU of the hidden pixels."""

    name, label, part = "miou_hidden", "mIoU, hidden pixels", HIDDEN
    description = "Foreground mIoU from the pixels that the corruption hides."


class Hallucination(PartMetric):
    """Wrong foreground in the hidden pixels."""

    name, label, higher_is_better = "hallucination", "Hallucination", False
    description = "Share of the hidden pixels that are labelled as a foreground class which is not there."

    def formula(self, sums: Floats) -> Floats:
        tp, fp, fn = np.split(sums, 3)
        return divide(fp[1:].sum(0), (tp + fn).sum(0))


class GuessPrecision(PartMetric):
    """How much of the foreground in the hidden pixels is right."""

    name, label = "guess_precision", "Correct guesses"
    description = "Share of the foreground predicted in hidden pixels that is right; not defined without any."

    def formula(self, sums: Floats) -> Floats:
        tp, fp, _ = np.split(sums, 3)
        return divide(tp[1:].sum(0), (tp + fp)[1:].sum(0))


class _FrameMean(SegmentationMetric):
    """The mean over frames of a column that records may lack."""

    unit = "%"
    column = None
    frame_column: str

    def statistics(self, records: pd.DataFrame, num_labels: int) -> Floats:
        """Value and 1, (n, 2); 0 and 0 where it is not defined."""
        return values_and_counts(records.get(self.frame_column, np.full(len(records), np.nan)))

    @property
    def statistics_key(self) -> Hashable:
        """Another one for each column."""
        return super().statistics_key, self.frame_column


class SurfaceDiceVisible(_FrameMean):
    """Surface Dice of the visible boundaries."""

    name, label, higher_is_better = "nsd_visible", "Surface Dice, visible boundaries", True
    frame_column = PART_NSD[0]
    description = "Surface Dice of the boundaries between visible pixels, at the tolerance of the surface Dice."


class SurfaceDiceHidden(_FrameMean):
    """Surface Dice of the hidden boundaries."""

    name, label, higher_is_better = "nsd_hidden", "Surface Dice, hidden boundaries", True
    frame_column = PART_NSD[1]
    description = "Surface Dice of the boundaries between hidden pixels, at the tolerance of the surface Dice."


class HiddenShare(_FrameMean):
    """How much of the frames a corruption hides."""

    name, label = HIDDEN_SHARE, "Hidden pixels"
    frame_column = HIDDEN_SHARE
    description = "Share of the scored pixels that the corruption hides, averaged over frames."


VISIBILITY_METRICS: tuple[type[Metric], ...] = (
    DiceVisible,
    DiceHidden,
    MeanIoUVisible,
    MeanIoUHidden,
    SurfaceDiceVisible,
    SurfaceDiceHidden,
    Hallucination,
    GuessPrecision,
    HiddenShare,
)
