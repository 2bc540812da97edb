"""Which quantities follow from which sums: what the point estimate and every resample share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from robustbench_endo.errors import RobustEndoError
from robustbench_endo.results import scoring, statistics
from robustbench_endo.results.quantities import QUANTITIES
from robustbench_endo.results.schema import bin_columns, own_columns
from robustbench_endo.results.scoring import Floats

_MEANS = {name: name for name in ("hd", "hd95", "assd", "nsd", "ssim", "image_ssim", "image_psnr")}
_MEANS |= {"miou_image": "miou", "dice_image": "dice", "brier": "activity_brier"}


@dataclass(frozen=True)
class Family:
    """Quantities that need the same sums.

    Attributes:
        names: the quantities.
        statistics: records -> what each adds to the sums, float64 (n, K).
        scores: sums (K, ...) -> quantity -> (...), in the stored scale (shares, px).
    """

    names: tuple[str, ...]
    statistics: Callable[[pd.DataFrame], Floats]
    scores: Callable[[Floats], dict[str, Floats]]


def families(frame: pd.DataFrame, classes: int, activities: int, protocol: str = "standard") -> list[Family]:
    """All that can be scored from these records; optional columns of the schema that are absent have no family."""
    found = [
        Family(
            ("accuracy", "balanced_accuracy", "macro_f1"),
            partial(statistics.activity_counts, activities=activities),
            scoring.activity,
        ),
        _single("ece", statistics.activity_gaps, scoring.calibration),
        Family(("miou", "dice"), partial(statistics.overlap_counts, classes=classes), scoring.overlap),
        _single("hd_diagonal", lambda records: statistics.values(_diagonals(records)), scoring.ratio),
        _single("missed_rate", partial(statistics.pair, columns=("missed", "scored")), scoring.ratio),
    ]
    if set(bin_columns("count")) <= set(frame.columns):
        found.append(_single("segmentation_ece", statistics.pixel_gaps, scoring.calibration))
    if protocol == "paper":
        found += [
            Family(
                ("paper_miou", "paper_dice"),
                partial(statistics.overlap_counts, classes=classes),
                scoring.paper_overlap,
            ),
            Family(
                ("paper_accuracy", "paper_f1"),
                partial(statistics.activity_confusion, activities=activities),
                scoring.paper_activity,
            ),
        ]
    means = {name: column for name, column in _MEANS.items() if column in frame}
    means |= {name: name for name in own_columns(list(frame.columns))}
    return found + [mean_family(name, column) for name, column in means.items()]


def family_of(found: Sequence[Family], metric: str) -> Family:
    """The family that holds a quantity.

    Raises:
        RobustEndoError: none does.
    """
    for family in found:
        if metric in family.names:
            return family
    names = [name for family in found for name in family.names]
    raise unknown_metric(metric, [name for name in (*QUANTITIES, *names) if name in names])


def unknown_metric(metric: str, known: list[str]) -> RobustEndoError:
    """The error for a metric that a run does not hold."""
    return RobustEndoError(
        f"Expected a metric of the run, found {metric!r}: choose from {', '.join(dict.fromkeys(known))}."
    )


def mean_family(name: str, column: str) -> Family:
    """The mean of a column over the frames for which it is finite."""

    def records(frame: pd.DataFrame) -> Floats:
        return statistics.values(frame[column].to_numpy(np.float64))

    return _single(name, records, scoring.ratio)


def _single(name: str, statistics: Callable[[pd.DataFrame], Floats], score: Callable[[Floats], Floats]) -> Family:
    return Family((name,), statistics, lambda sums: {name: score(sums)})


def _diagonals(frame: pd.DataFrame) -> Floats:
    relative: Floats = frame["hd"].to_numpy(np.float64) / frame["diagonal"].to_numpy(np.float64)
    return relative
