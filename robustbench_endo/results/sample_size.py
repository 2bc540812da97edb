"""How many subjects a study needs, from the variance components of a run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from robustbench_endo.errors import RobustEndoError, RunError
from robustbench_endo.metrics.aggregation import Codes, Floats
from robustbench_endo.results.resampling import Resampling, smallest_p

if TYPE_CHECKING:
    from robustbench_endo.results.results import Results

MAX_SUBJECTS = 100_000
"""More are reported as not attainable."""

UPPER = 0.9
"""Confidence of the upper bound of the variance, because few subjects show a variance only roughly."""


@dataclass(frozen=True)
class VarianceComponents:
    """Variance of a score, as if it were a mean over frames (pseudo-values), in squared units of the metric.

    Attributes:
        between: between subjects.
        within: between frames of a subject.
        subjects: from which both were estimated.
        frames: mean number of frames of a subject.
    """

    between: float
    within: float
    subjects: int
    frames: float

    def of_mean(self, frames: float) -> float:
        """Variance of one subject's mean over so many frames."""
        return self.between + self.within / frames


def variance_components(values: Floats, subjects: Codes) -> VarianceComponents:
    """One-way analysis of variance (Searle, Casella and McCulloch, 1992), values (n,) of frames, subjects (n,).

    >>> variance_components(np.array([1.0, 1.0, 3.0, 3.0]), np.array([0, 0, 1, 1])).between
    2.0
    """
    sizes = np.bincount(subjects).astype(np.float64)
    means = np.bincount(subjects, weights=values) / sizes
    number, total = len(sizes), sizes.sum()
    within = ((values - means[subjects]) ** 2).sum() / max(total - number, 1)
    between_squares = (sizes * (means - values.mean()) ** 2).sum() / (number - 1)
    effective = (total - (sizes**2).sum() / total) / (number - 1)
    return VarianceComponents(
        max(0.0, float(between_squares - within) / float(effective)), float(within), number, float(total / number)
    )


def sample_size(
    results: Results,
    metric: str,
    half_width: float,
    *,
    power: float | None = None,
    margin: float | None = None,
    frames: Sequence[int] = (),
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Subjects needed for an interval of a given half-width, or to detect a difference of two models.

    The score is the mean over corruptions (clean without corruptions). Its variance is divided into that between
    subjects and that between frames of a subject, by the effect of each frame on the score; more frames of the same
    patients reduce only the latter.

    Args:
        results: a pilot run with at least two subjects.
        metric: its name.
        half_width: of the interval, as a fraction for metrics in percent (0.02 for 2 points), else in its unit.
        power: probability to detect ``margin``, 0 to 1; None for intervals only.
        margin: difference between two models, as ``half_width``.
        frames: frames per subject; empty for that of the run and half, twice and four times as many.
        confidence: level of the intervals, and 1 - level of the test.

    Returns:
        A table with a row for each model (with a margin also each pair of models) and number of frames. Its columns are
        ``goal`` (``interval`` or ``difference``), ``model``, ``frames``, ``between_sd``, ``within_sd`` (in the unit of
        the metric), ``subjects`` needed, and ``subjects_upper``, needed if the variance is at its 90 % upper bound;
        <NA> beyond 100,000.

    Raises:
        RobustEndoError: a number outside its range, or a metric that the run lacks.
        RunError: a run of one subject.
    """
    _check(half_width, power, margin, frames)
    scale = results.metric(metric).scale
    pseudo, subjects = _pseudo_values(results, metric)
    if subjects.max(initial=0) < 1:
        raise RunError(
            "Expected at least 2 subjects (patients or sequences), got 1: one patient does not show how much patients "
            "differ, so evaluate a pilot study of several."
        )
    rows: list[dict[str, object]] = []
    for index, model in enumerate(results.models):
        needed = _for_half_width(half_width * scale, confidence)
        rows += _rows("interval", model, variance_components(pseudo[:, index], subjects), frames, needed)
    if power is not None and margin is not None:
        needed = _for_power(margin * scale, power, confidence)
        for one, other in combinations(range(len(results.models)), 2):
            components = variance_components(pseudo[:, one] - pseudo[:, other], subjects)
            name = f"{results.models[one]} - {results.models[other]}"
            rows += _rows("difference", name, components, frames, needed)
    return pd.DataFrame(rows).astype({"subjects": "Int64", "subjects_upper": "Int64"})


def _check(half_width: float, power: float | None, margin: float | None, frames: Sequence[int]) -> None:
    if not half_width > 0:
        raise RobustEndoError(f"Expected a half-width above 0, got {half_width:g}: write 0.02 for 2 points.")
    if (power is None) != (margin is None):
        raise RobustEndoError("Expected a power together with a margin, got only one of them: give both or neither.")
    if power is not None and not 0 < power < 1:
        raise RobustEndoError(f"Expected a power between 0 and 1, got {power:g}: write 0.8 for 80 %.")
    if margin is not None and not margin > 0:
        raise RobustEndoError(f"Expected a margin above 0, got {margin:g}: write 0.01 for 1 point.")
    if any(count < 1 for count in frames):
        raise RobustEndoError(f"Expected at least 1 frame per subject, got {min(frames)}.")


def _pseudo_values(results: Results, metric: str) -> tuple[Floats, Codes]:
    """Pseudo-values of the frames, (frames, models), and the subject of each frame."""
    estimator = results.estimator(Resampling(unit="frame"))
    ((_, scores),) = estimator.results([metric])
    assert scores.left_out is not None

    def summary(part: object) -> Floats:
        means: Floats = part.mean_over_corruptions() if results.corruptions else part.clean  # type: ignore[attr-defined]
        return means

    left_out, point = summary(scores.left_out), summary(scores.point)
    pseudo = len(left_out) * point - (len(left_out) - 1) * left_out
    frame_subjects = pd.Series(results.frame["subject_id"].to_numpy(), estimator.units.codes)
    by_frame = frame_subjects[~frame_subjects.index.duplicated()].sort_index()
    complete = np.isfinite(pseudo).all(1)
    codes, _ = pd.factorize(by_frame[complete], sort=True)
    return pseudo[complete], codes.astype(np.intp)


def _rows(
    goal: str, model: str, components: VarianceComponents, frames: Sequence[int], needed: Callable[[float], int | None]
) -> list[dict[str, object]]:
    from scipy import stats  # here, as it takes most of a second to import

    frames_of_run = max(1, round(components.frames))
    counts = sorted(set(frames) or {max(1, frames_of_run // 2), frames_of_run, 2 * frames_of_run, 4 * frames_of_run})
    degrees = components.subjects - 1
    inflation = degrees / stats.chi2.ppf(1 - UPPER, degrees)
    return [
        {
            "goal": goal,
            "model": model,
            "frames": count,
            "between_sd": float(np.sqrt(components.between)),
            "within_sd": float(np.sqrt(components.within)),
            "subjects": needed(components.of_mean(count)),
            "subjects_upper": needed(components.of_mean(count) * inflation),
        }
        for count in counts
    ]


def _for_half_width(half_width: float, confidence: float) -> Callable[[float], int | None]:
    from scipy import stats

    def enough(subjects: int, variance: float) -> bool:
        # The factor 1 / (n - 1) instead of 1 / n is that of the intervals.
        half = stats.t.ppf((1 + confidence) / 2, subjects - 1) * np.sqrt(variance / (subjects - 1))
        return bool(half <= half_width)

    return lambda variance: _smallest(lambda subjects: enough(subjects, variance), 2)


def _for_power(margin: float, power: float, confidence: float) -> Callable[[float], int | None]:
    from scipy import stats

    fewest = next(number for number in range(2, 64) if smallest_p(number) <= 1 - confidence)

    def enough(subjects: int, variance: float) -> bool:
        if variance == 0:
            return True
        effect, degrees = margin / np.sqrt(variance / subjects), subjects - 1
        critical = stats.t.ppf((1 + confidence) / 2, degrees)
        return bool(stats.nct.sf(critical, degrees, effect) + stats.nct.cdf(-critical, degrees, effect) >= power)

    return lambda variance: _smallest(lambda subjects: enough(subjects, variance), fewest)


def _smallest(enough: Callable[[int], bool], fewest: int) -> int | None:
    """The smallest number from ``fewest`` on that is enough, by doubling and bisection."""
    high = fewest
    while not enough(high):
        if high > MAX_SUBJECTS:
            return None
        high *= 2
    low = max(fewest, high // 2)
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle + 1, high)
    return low
