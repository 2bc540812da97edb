"""Statistics of real and synthetic pairs, with intervals by sequence."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict

import numpy as np

from robustbench_endo.realism.classifier import area_under_curve, held_out_scores, pair_features
from robustbench_endo.realism.pairs import Pair
from robustbench_endo.realism.smoke_statistics import Bytes, align_frame, measure_pair, pooled_statistics

Interval = dict[str, list[float]]
"""Name of a statistic -> value, lower and upper limit."""

Synthesis = Callable[[Bytes, str], Bytes]
"""The synthetic condition of a clear frame with an id."""


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


def compare_pairs(pairs: Sequence[Pair], conditions: dict[str, Synthesis], draws: int = 500) -> dict[str, Interval]:
    """Statistics of the real pairs and of each synthetic condition of their clear frames.

    Args:
        pairs: real pairs.
        conditions: name -> synthesis, such as one for each severity.
        draws: number of resamples of the intervals.

    Returns:
        "real" and each condition -> statistics; conditions have "auc", of a classifier tested on other sequences.
    """
    clear = [align_frame(pair.clear, pair.smoky) for pair in pairs]
    sequences = [pair.sequence for pair in pairs]
    real = [pair.smoky for pair in pairs]
    table = {"real": _statistics(clear, real, sequences, draws)}
    for name, synthesis in conditions.items():
        synthetic = [synthesis(frame, pair.name) for frame, pair in zip(clear, pairs, strict=True)]
        table[name] = _statistics(clear, synthetic, sequences, draws)
        table[name] |= _auc(clear, real, synthetic, sequences, draws)
    return table


def _statistics(clear: list[Bytes], smoky: list[Bytes], sequences: list[str], draws: int) -> Interval:
    measured = [measure_pair(*frames, align=False) for frames in zip(clear, smoky, strict=True)]

    def statistic(picked: list[int]) -> dict[str, float]:
        values = asdict(pooled_statistics([measured[i] for i in picked]))
        airlight = dict(zip(("airlight_red", "airlight_green", "airlight_blue"), values.pop("airlight"), strict=True))
        return {**airlight, **values}

    return sequence_intervals(sequences, statistic, draws)


def _auc(clear: list[Bytes], real: list[Bytes], synthetic: list[Bytes], sequences: list[str], draws: int) -> Interval:
    features = np.array([pair_features(*frames) for frames in zip(clear * 2, real + synthetic, strict=True)])
    labels = np.repeat([1.0, 0.0], len(real))
    scores = held_out_scores(features, labels, sequences * 2)

    def statistic(picked: list[int]) -> dict[str, float]:
        return {"auc": area_under_curve(scores[picked], labels[picked])}

    return sequence_intervals(sequences * 2, statistic, draws)
