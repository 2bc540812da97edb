"""Failure points: the severity at which a frame's metric first falls below a threshold, by frame and corruption."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from robustbench_endo.errors import RobustEndoError, RunError
from robustbench_endo.metrics.base import Metric
from robustbench_endo.results.metrics import find_metric
from robustbench_endo.results.operating_envelope import check_threshold
from robustbench_endo.results.schema import CLEAN
from robustbench_endo.results.severity import as_severity

if TYPE_CHECKING:
    from robustbench_endo.results.results import Results

WEAKEST, STRONGEST = 1, 5
TOLERANCE = 0.1
"""Largest distance of a failure point from the crossing that it stands for: half the final bracket."""

BELOW, ABOVE = "<1", ">5"
"""Censored failure points: the frame fails at severity 1 already, or passes at severity 5."""

SCHEMA = pa.schema(
    [
        ("model", pa.string()),
        ("corruption", pa.string()),
        ("image_id", pa.string()),
        ("subject_id", pa.string()),
        ("metric", pa.string()),
        ("threshold", pa.float64()),
        ("severity", pa.float64()),
        ("censored", pa.string()),
        ("low", pa.float64()),
        ("high", pa.float64()),
    ]
)
"""``severity`` is the middle of ``low`` (passes) and ``high`` (fails), NaN where ``censored`` is ``<1`` or ``>5``."""

Passes = Mapping[tuple[str, str, str], list[tuple[float, bool]]]
"""(model, corruption, frame) -> severities in ascending order, 0 for clean, and whether the frame passes there."""


@dataclass(frozen=True)
class FailureThreshold:
    """A metric, and the value below which a frame fails (above which, for a metric that is better when lower).

    Attributes:
        metric: its name.
        value: as a fraction for a metric in percent, else in its unit.
    """

    metric: str
    value: float

    def __str__(self) -> str:
        return f"{self.metric}={self.value:g}"

    def passes(self, metric: Metric, records: pd.DataFrame) -> NDArray[np.bool_]:
        """Whether each frame passes; one without a valid prediction does not."""
        values = metric.frame_values(records)
        assert values is not None
        return np.asarray(values >= self.value if metric.higher_is_better else values <= self.value)


def parse_failure_point(text: str) -> FailureThreshold:
    """``miou=0.5`` as metric and threshold.

    Raises:
        RobustEndoError: a text of another form.

    >>> parse_failure_point("miou=0.5")
    FailureThreshold(metric='miou', value=0.5)
    """
    name, _, value = text.partition("=")
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if not name.strip() or not math.isfinite(number):
        raise RobustEndoError(
            f"Expected a metric and a threshold such as miou=0.5 for the failure point, got {text!r}: write "
            "--failure-point METRIC=THRESHOLD."
        )
    return FailureThreshold(name.strip(), number)


def failure_metric(metrics: list[Metric], threshold: FailureThreshold) -> Metric:
    """The metric of a threshold.

    Raises:
        RobustEndoError: an unknown metric, one without a direction or a value per frame, a threshold outside its range.
    """
    check_threshold(metrics, threshold.metric, threshold.value)
    metric = find_metric(metrics, threshold.metric)
    if not (metric.columns or metric.frame_column):
        usable = [each for each in metrics if each.columns or each.frame_column]
        names = [each.name for each in usable if each.higher_is_better is not None and "[" not in each.name]
        raise RobustEndoError(
            f"Expected a metric that a single frame has for the failure point, got {metric.name}: choose from "
            f"{', '.join(names)}."
        )
    return metric


@dataclass
class Bracket:
    """Where a frame fails first: it passes at ``low`` (0 for clean) and fails at ``high`` (infinite for nowhere)."""

    low: float = 0
    high: float = math.inf

    @classmethod
    def of(cls, known: list[tuple[float, bool]]) -> Bracket:
        """The first crossing among known severities.

        >>> Bracket.of([(0, True), (1, True), (3, False), (5, True)])
        Bracket(low=1, high=3)
        """
        bracket = cls()
        for severity, passed in known:
            bracket.update(severity, passed)
            if not passed:
                break
        return bracket

    @property
    def next(self) -> float | None:
        """The severity to evaluate next; None when the failure point is known.

        >>> Bracket(2, 3).next, Bracket(2, 2.2).next, Bracket(0, 3).next, Bracket(3).next
        (2.5, None, 1, 5)
        """
        if self.high <= WEAKEST or self.low >= STRONGEST:
            return None
        if self.low < WEAKEST:
            return WEAKEST
        if not math.isfinite(self.high):
            return STRONGEST
        close = self.high - self.low <= 2 * TOLERANCE + 1e-9  # 2.2 - 2 is a little more than 0.2
        return None if close else as_severity((self.low + self.high) / 2)

    def update(self, severity: float, passed: bool) -> None:
        """Move an end to a severity that was evaluated."""
        if passed:
            self.low = severity
        else:
            self.high = severity

    def describe(self) -> dict[str, float | str]:
        """The columns of the table."""
        censored = BELOW if self.high <= WEAKEST else ABOVE if self.low >= STRONGEST else ""
        middle = math.nan if censored else as_severity((self.low + self.high) / 2)
        low, high = (self.low if self.low else math.nan), (self.high if self.high < math.inf else math.nan)
        return {"severity": float(middle), "censored": censored, "low": float(low), "high": float(high)}


def known_passes(results: Results, threshold: FailureThreshold) -> dict[tuple[str, str, str], list[tuple[float, bool]]]:
    """What the records say about each model, corruption and frame, of the first draw.

    A frame without a value at its clean image has no failure point and is left out.
    """
    metric = failure_metric(results.metrics, threshold)
    records = results.frame[results.frame["replicate"] == 0]
    # Only what is needed: runs with many classes have hundreds of columns.
    frame = records[["model", "corruption", "severity", "image_id"]].assign(
        passed=threshold.passes(metric, records), value=metric.frame_values(records)
    )
    clean = frame[(frame["corruption"] == CLEAN) & frame["value"].notna()]
    start = {(str(row.model), str(row.image_id)): bool(row.passed) for row in clean.itertuples()}
    known: dict[tuple[str, str, str], list[tuple[float, bool]]] = {
        (model, corruption, image): [(0, passed)]
        for (model, image), passed in start.items()
        for corruption in results.corruptions
    }
    rows = frame[frame["corruption"].isin(results.corruptions)].sort_values("severity", kind="stable")
    for row in rows.itertuples():
        key = str(row.model), str(row.corruption), str(row.image_id)
        if key in known:
            known[key].append((as_severity(row.severity), bool(row.passed)))
    return known


def read_failure_points(path: Path) -> pd.DataFrame | None:
    """The table of a run folder; None where the run has none.

    Raises:
        RunError: it cannot be read, or lacks its columns.
    """
    if not path.is_file():
        return None
    try:
        table = pq.read_table(path, use_threads=False)
    except (pa.ArrowException, OSError, ValueError) as error:
        reason = str(error).partition("\n")[0]
        raise RunError(f"Cannot read {path}: {reason}. Run the same robust-endo evaluate again.") from error
    if not table.schema.remove_metadata().equals(SCHEMA):
        raise RunError(f"Expected the columns of failure points in {path}, got others: evaluate again.")
    return table.replace_schema_metadata(None).to_pandas()


def failure_point_problem(results: Results) -> str:
    """Where the failure points contradict the records; empty where they do not."""
    points = results.failure_points
    if points is None or points.empty:
        return ""
    threshold = FailureThreshold(str(points["metric"].iloc[0]), float(points["threshold"].iloc[0]))
    known = known_passes(results, threshold)
    if len(points) != len(known):
        return f"There are {len(points)} failure points instead of {len(known)}."
    for row in points.itertuples():
        first = Bracket.of(known.get((str(row.model), str(row.corruption), str(row.image_id)), []))
        low = STRONGEST if row.censored == ABOVE else 0 if math.isnan(float(row.low)) else float(row.low)
        high = math.inf if row.censored == ABOVE else float(row.high)
        if not (first.low <= low and high <= first.high):
            return f"The failure point of {row.image_id} under {row.corruption} contradicts the records of {row.model}."
    return ""
