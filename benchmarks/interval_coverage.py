"""Coverage of intervals, and size and power of tests, on simulated studies of known truth."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from simulated_patients import Design, Study, score, simulate, truth

from robustbench_endo.metrics.aggregation import Floats
from robustbench_endo.results.resampling import jackknife_interval, subject_mean_interval
from robustbench_endo.results.sign_flips import sign_flip_test

SUBJECTS = (1, 2, 3, 5, 8, 12, 20, 40)
METRICS = ("miou", "dice", "accuracy", "hd95")
CLUSTERING = {"weak": 0.25, "strong": 0.7}
LOWEST, HIGHEST, LARGEST_SIZE = 0.92, 0.98, 0.06
"""Targets: coverage of 95 % intervals from 3 subjects on, type I error of tests at 5 %."""

Row = dict[str, Any]


def coverage(simulations: int = 2000) -> Iterator[Row]:
    """One row per design, metric, estimand and row of the table: how often the 95 % interval contains the truth."""
    for unequal, (clustering, spread) in itertools.product((False, True), CLUSTERING.items()):
        true = truth(Design(1, unequal, spread))
        for subjects in SUBJECTS:
            random, design = np.random.default_rng(11), Design(subjects, unequal, spread)
            studies = [simulate(random, design) for _ in range(simulations)]
            supported = np.array([_classes_in_subjects(study).min() >= 3 for study in studies])
            for metric, estimand, row in itertools.product(METRICS, ("pooled", "subject"), ("corruption", "mean")):
                value = _row(true[estimand][metric][0], row)
                ends = np.array([interval(study, metric, estimand, row) for study in studies])
                defined = np.isfinite(ends).all(1)
                inside = (ends[:, 0] <= value) & (value <= ends[:, 1])
                yield {
                    "clusters": "5:1" if unequal else "equal",
                    "clustering": clustering,
                    "subjects": subjects,
                    "metric": metric,
                    "estimand": estimand,
                    "row": row,
                    "coverage": _share(inside[defined]),
                    "width": float(np.median((ends[:, 1] - ends[:, 0])[defined])) if defined.any() else None,
                    "undefined": float(1 - defined.mean()),
                    "with every class in 3 subjects": _share(inside[defined & supported]),
                }


def _share(flags: NDArray[np.bool_]) -> float | None:
    return float(flags.mean()) if len(flags) >= 50 else None


def _classes_in_subjects(study: Study) -> NDArray[np.intp]:
    """In how many subjects each class occurs in the truth, (classes,)."""
    tp, _, fn = np.split(study.sums["miou"][:, :, 0, 0], 3)
    counts: NDArray[np.intp] = (tp + fn > 0).sum(1)
    return counts


def interval(study: Study, metric: str, estimand: str, row: str) -> tuple[float, float]:
    """The project's 95 % interval of the first model."""
    sums = study.sums[metric][:, :, 0]
    bound = None if metric == "hd95" else 1.0
    if estimand == "subject":
        _, low, high = subject_mean_interval(_row(score(metric, sums), row), 0.95, bound)
    else:
        total = sums.sum(1)
        left_out = score(metric, total[:, None] - sums)
        point = _row(score(metric, total), row)
        low, high = jackknife_interval(np.asarray(point), _row(left_out, row), study.sizes, 0.95, bound)
    return float(low), float(high)


def _row(values: Floats, row: str) -> Floats:
    """The strongest corruption, or the mean over corruptions, of values (..., corruptions)."""
    return values[..., -1] if row == "corruption" else values.mean(-1)


def size_and_power(simulations: int = 2000) -> Iterator[Row]:
    """One row per design and metric: how often a test at 5 % is significant, without and with a shift."""
    designs = itertools.product((0.0, 0.5), (False, True), CLUSTERING.items(), SUBJECTS[1:], ("miou", "accuracy"))
    for shift, unequal, (clustering, spread), subjects, metric in designs:
        random, design = np.random.default_rng(12), Design(subjects, unequal, spread, 2, shift)
        counts = np.zeros(3)
        for _ in range(simulations):
            by_subject = score(metric, simulate(random, design).sums[metric])
            differences = by_subject[:, 1] - by_subject[:, 0]
            mean = sign_flip_test(differences.mean(1, keepdims=True), resamples=2_000)
            family = sign_flip_test(differences, resamples=2_000)
            contradiction = ((mean.low > 0) | (mean.high < 0)) != (mean.p <= 0.05)
            counts += [mean.p[0] <= 0.05, (family.p <= 0.05).any(), contradiction[0]]
        yield {
            "clusters": "5:1" if unequal else "equal",
            "clustering": clustering,
            "subjects": subjects,
            "metric": metric,
            "shift": shift,
            "mean": counts[0] / simulations,
            "any of 5": counts[1] / simulations,
            "contradictions": counts[2] / simulations,
        }


def independent_cases(simulations: int = 2000) -> Iterator[Row]:
    """Coverage for independent cases with skewed scores, as in arXiv 2601.17103, and of the usual interval.

    The normal interval, mean +- 1.96 SD / sqrt(n), is the one that arXiv 2409.17763 reconstructs.
    """
    shapes = {"0.95, SD 0.04": (27.3, 1.44), "0.80, SD 0.20": (2.4, 0.6), "0.50, SD 0.30": (0.89, 0.89)}
    for (name, (a, b)), cases in itertools.product(shapes.items(), (5, 10, 25, 50, 100)):
        random, true = np.random.default_rng(13), a / (a + b)
        hits = np.zeros(3)
        for _ in range(simulations):
            values = random.beta(a, b, cases)
            left_out = (values.sum() - values) / (cases - 1)
            ends = [
                jackknife_interval(np.asarray(values.mean()), left_out, np.ones(cases), 0.95, 1.0),
                subject_mean_interval(values, 0.95, 1.0)[1:],
                stats.norm.interval(0.95, values.mean(), stats.sem(values)),
            ]
            hits += [low <= true <= high for low, high in ends]
        yield {
            "scores": name,
            "cases": cases,
            **dict(zip(("pooled", "subject", "normal"), hits / simulations, strict=True)),
        }


def missed(rows: list[Row], size: list[Row]) -> list[Row]:
    """Rows outside the targets."""
    few = [row for row in rows if row["subjects"] >= 3 and not LOWEST <= row["coverage"] <= HIGHEST]
    return few + [row for row in size if row["shift"] == 0 and max(row["mean"], row["any of 5"]) > LARGEST_SIZE]
