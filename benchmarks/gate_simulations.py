"""Acceptance gates on simulated studies of known truth: false alarms, wrong passes, power of planted regressions.

The decision is that of the package, on the scores of many studies at once: a criterion passes where its p-value is at
most alpha, and fails where that of the opposite hypothesis is at most its corrected level.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from simulated_patients import Design, score, simulate

from robustbench_endo.gate.decide import fail_levels
from robustbench_endo.gate.evidence import Evidence, MarginEvidence, subject_evidence
from robustbench_endo.gate.plan import Correction
from robustbench_endo.metrics.aggregation import Floats

ALPHA = 0.05
METRICS = ("dice", "miou", "accuracy", "hd95")
Scores = Mapping[str, Floats]
"""Metric -> scores of subjects, (subjects, models, corruptions, studies); distances in px, others as fractions."""


@dataclass(frozen=True)
class Requirement:
    """A criterion of a simulated plan.

    Attributes:
        name: of the criterion.
        metric: one of :data:`METRICS`.
        corruption: its index; None for the mean over corruptions.
        margin: whether it is the difference new - old, not the score of the new model.
    """

    name: str
    metric: str
    corruption: int | None = None
    margin: bool = False

    @property
    def sign(self) -> int:
        """1 where higher is better."""
        return -1 if self.metric == "hd95" else 1

    def values(self, scores: Scores) -> Floats:
        """Of each subject and study, (subjects, studies)."""
        part = scores[self.metric]
        by_model = part.mean(2) if self.corruption is None else part[:, :, self.corruption]
        return by_model[:, -1] - by_model[:, 0] if self.margin else by_model[:, -1]

    def evidence(self, scores: Scores, threshold: float) -> Evidence:
        """As a gate computes it, one study in place of each condition."""
        values = self.values(scores)
        if self.margin:
            return MarginEvidence(values, threshold)
        return subject_evidence(values, None if self.metric == "hd95" else 1.0)


PLAN = (
    Requirement("Dice, mean of corruptions", "dice"),
    Requirement("Dice, worst corruption", "dice", -1),
    Requirement("mIoU, mean of corruptions", "miou"),
    Requirement("accuracy, mean of corruptions", "accuracy"),
    Requirement("HD95, mean of corruptions", "hd95"),
    Requirement("Dice, new - old", "dice", margin=True),
    Requirement("accuracy, new - old", "accuracy", margin=True),
)


def studies(design: Design, count: int, seed: int) -> Scores:
    """The scores of ``count`` studies."""
    random = np.random.default_rng(seed)
    parts = [simulate(random, design) for _ in range(count)]
    return {metric: np.stack([score(metric, part.sums[metric]) for part in parts], axis=-1) for metric in METRICS}


def verdicts(
    evidence: Sequence[Evidence],
    thresholds: Sequence[float],
    signs: Sequence[int],
    alpha: float = ALPHA,
    correction: Correction = "holm",
) -> NDArray[np.str_]:
    """The verdict of every study, (studies,).

    >>> import numpy as np
    >>> scores = np.linspace(0.6, 0.8, 8)[:, None]
    >>> verdicts([subject_evidence(scores, 1.0)], [0.5], [1]).tolist()
    ['pass']
    """
    triples = list(zip(evidence, thresholds, signs, strict=True))
    p_pass = np.stack([each.p_value(threshold, sign) for each, threshold, sign in triples])
    p_fail = np.stack([each.p_value(threshold, -sign) for each, threshold, sign in triples])
    failed = (p_fail <= levels_of(p_fail, alpha, correction)).any(0)
    return np.where(failed, "fail", np.where((p_pass <= alpha).all(0), "pass", "undecided"))


def population(design: Design, patients: int = 10_000, block: int = 1_000) -> dict[str, tuple[float, float]]:
    """Requirement -> mean and standard deviation of the subjects of the population."""
    wide = Design(block, design.unequal, design.spread, design.models, design.shift)
    parts = [studies(wide, 1, 1_000 + number) for number in range(patients // block)]
    values = {each.name: np.concatenate([each.values(part)[:, 0] for part in parts]) for each in PLAN}
    return {name: (float(each.mean()), float(each.std(ddof=1))) for name, each in values.items()}


def power(effect: float, deviation: float, subjects: int, level: float, *, margin: bool) -> float:
    """Probability that a criterion fails: noncentral t, two-sided level, an effect beyond the bound.

    Args:
        effect: distance of the true value from the bound, on the wrong side.
        deviation: standard deviation between subjects.
        subjects: their number n.
        level: corrected level of the criterion.
        margin: whether it is a margin, whose exact test needs 2^(1 - n) <= level; the error of a bound is larger by
            the factor sqrt(n / (n - 1)) of the jackknife intervals.

    >>> round(power(1.0, 1.0, 20, 0.05, margin=True), 2)
    0.99
    """
    if effect <= 0 or (margin and 2.0 ** (1 - subjects) > level):
        return 0.0
    critical = stats.t.ppf(1 - level / 2, subjects - 1) * (1 if margin else np.sqrt(subjects / (subjects - 1)))
    return float(stats.nct.sf(critical, subjects - 1, effect / deviation * np.sqrt(subjects)))


RULES: Mapping[str, tuple[float, Correction]] = {
    "one-sided intervals, no correction": (2 * ALPHA, "none"),
    "95 % intervals, no correction": (ALPHA, "none"),
    "one-sided intervals, Holm": (2 * ALPHA, "holm"),
    "95 % intervals, Holm (the gate)": (ALPHA, "holm"),
}
"""Rule -> level of the intervals that fail, and correction: from a naive one to that of the package."""

VALUE_RULE = "the value violates a bound"
"""A rule without intervals."""


def failing_shares(scores: Scores, thresholds: Sequence[float]) -> dict[str, float]:
    """Rule -> share of studies in which any criterion fails."""
    pairs = list(zip(PLAN, thresholds, strict=True))
    violated = [each.sign * (each.values(scores).mean(0) - limit) < 0 for each, limit in pairs]
    p_fail = np.stack([each.evidence(scores, limit).p_value(limit, -each.sign) for each, limit in pairs])
    shares = {VALUE_RULE: float(np.any(violated, axis=0).mean())}
    return shares | {
        name: float((p_fail <= levels_of(p_fail, level, correction)).any(0).mean())
        for name, (level, correction) in RULES.items()
    }


def levels_of(p_fail: Floats, alpha: float, correction: Correction) -> Floats:
    """The corrected levels of each study, (criteria, studies)."""
    return np.stack([fail_levels(column, alpha, correction) for column in p_fail.T], axis=1)
