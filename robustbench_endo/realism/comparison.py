"""Statistics of real and synthetic pairs, with intervals by sequence."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from robustbench_endo.realism.classifier import area_under_curve, held_out_scores, pair_features
from robustbench_endo.realism.pairs import Pair
from robustbench_endo.realism.smoke_statistics import (
    Bytes,
    Floats,
    PairMeasurement,
    align_frame,
    measure_pair,
    pooled_statistics,
)

REAL = "real"
"""The name of the measurements of the real pairs."""

Interval = dict[str, list[float]]
"""Name of a statistic -> value, lower and upper limit; a count has its value only."""

Synthesis = Callable[[Bytes, str], Bytes]
"""The synthetic condition of a clear frame with an id."""


@dataclass(frozen=True)
class FrameMeasurement:
    """What one pair, real or synthetic, contributes to a table.

    Attributes:
        sequence: of the pair.
        statistics: of its smoke.
        features: of the classifier.
    """

    sequence: str
    statistics: PairMeasurement
    features: Floats


Measurements = dict[str, list[FrameMeasurement]]
"""``REAL`` and each synthetic condition -> its frames."""


def sequence_intervals(
    sequences: Sequence[str], statistic: Callable[[list[int]], dict[str, float]], draws: int
) -> Interval:
    """Statistics of items with 95 % percentile intervals that resample whole sequences.

    Args:
        sequences: the sequence of each item.
        statistic: of a list of indices, with repetitions.
        draws: number of resamples.
    """
    groups = {name: [i for i, other in enumerate(sequences) if other == name] for name in sorted(set(sequences))}
    names = list(groups)
    noise = np.random.default_rng(0)
    picks = [noise.integers(len(names), size=len(names)) for _ in range(draws)]
    samples = [statistic([i for k in pick for i in groups[names[k]]]) for pick in picks]
    value = statistic(list(range(len(sequences))))
    return {key: [value[key], *_limits([sample[key] for sample in samples])] for key in value}


def _limits(samples: list[float]) -> list[float]:
    """Limits of the defined samples: a resample without a usable tile has no airlight."""
    defined = [sample for sample in samples if not np.isnan(sample)]
    return [float(limit) for limit in np.percentile(defined, (2.5, 97.5))] if defined else [float("nan")] * 2


def measure_conditions(pairs: Sequence[Pair], conditions: Mapping[str, Synthesis]) -> Measurements:
    """Measure the real pairs and each synthetic condition of their clear frames.

    Args:
        pairs: real pairs.
        conditions: name -> synthesis, such as one for each severity.
    """
    clear = [align_frame(pair.clear, pair.smoky) for pair in pairs]
    frames = {REAL: [pair.smoky for pair in pairs]}
    for name, synthesis in conditions.items():
        frames[name] = [synthesis(frame, pair.name) for frame, pair in zip(clear, pairs, strict=True)]
    sequences = [pair.sequence for pair in pairs]
    return {name: [*map(_measure, sequences, clear, smoky)] for name, smoky in frames.items()}


def _measure(sequence: str, clear: Bytes, smoky: Bytes) -> FrameMeasurement:
    return FrameMeasurement(sequence, measure_pair(clear, smoky, align=False), pair_features(clear, smoky))


def compare_measurements(
    measured: Measurements, draws: int, sequences: Collection[str] | None = None
) -> dict[str, Interval]:
    """Statistics of measured frames.

    Args:
        measured: real and synthetic frames, the synthetic ones of one condition or of several together.
        draws: number of resamples of the intervals.
        sequences: of the table; None for all.

    Returns:
        ``REAL`` and each condition -> statistics; conditions have "auc", of a classifier tested on other sequences.
    """
    frames = {
        name: [item for item in items if sequences is None or item.sequence in sequences]
        for name, items in measured.items()
    }
    table = {name: _statistics(items, draws) for name, items in frames.items()}
    for name in table.keys() - {REAL}:
        table[name] |= _auc(frames[REAL], frames[name], draws)
    return table


def compare_pairs(pairs: Sequence[Pair], conditions: Mapping[str, Synthesis], draws: int = 500) -> dict[str, Interval]:
    """:func:`compare_measurements` of pairs and of the synthetic conditions of their clear frames."""
    return compare_measurements(measure_conditions(pairs, conditions), draws)


def without_nan(table: dict[str, Interval]) -> dict[str, dict[str, list[float | None]]]:
    """The table with None, which JSON has, in place of nan."""
    return {
        name: {key: [None if math.isnan(value) else value for value in values] for key, values in row.items()}
        for name, row in table.items()
    }


def _statistics(items: list[FrameMeasurement], draws: int) -> Interval:
    def statistic(picked: list[int]) -> dict[str, float]:
        values = asdict(pooled_statistics([items[i].statistics for i in picked]))
        airlight = dict(zip(("airlight_red", "airlight_green", "airlight_blue"), values.pop("airlight"), strict=True))
        return {**airlight, **values}

    table = sequence_intervals([item.sequence for item in items], statistic, draws)
    return table | {"tiles": table["tiles"][:1]}  # a count of this data set estimates nothing


def _auc(real: list[FrameMeasurement], synthetic: list[FrameMeasurement], draws: int) -> Interval:
    items = real + synthetic
    labels = np.repeat([1.0, 0.0], [len(real), len(synthetic)])
    sequences = [item.sequence for item in items]
    scores = held_out_scores(np.array([item.features for item in items]), labels, sequences)

    def statistic(picked: list[int]) -> dict[str, float]:
        return {"auc": area_under_curve(scores[picked], labels[picked])}

    return sequence_intervals(sequences, statistic, draws)
