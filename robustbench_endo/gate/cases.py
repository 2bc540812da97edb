"""The cases of a gate: a criterion, a model and the conditions, with what the records say about them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from robustbench_endo.gate.evidence import Evidence, MarginEvidence, pooled_evidence, subject_evidence
from robustbench_endo.gate.plan import Criterion, Plan
from robustbench_endo.gate.scope import Scope, resolve
from robustbench_endo.metrics.aggregation import Floats
from robustbench_endo.metrics.base import Metric
from robustbench_endo.results.estimates import Conditions, ScoreArray, ScoreResult
from robustbench_endo.results.failures import invalid_predictions
from robustbench_endo.results.resampling import counted

if TYPE_CHECKING:
    from robustbench_endo.results import Results


@dataclass(frozen=True)
class Case:
    """One decision.

    Attributes:
        id: of the criterion, and of the condition with ``aggregate = "each"``.
        criterion: of the plan.
        metric: of the run.
        scope: the conditions.
        model: name of the model.
        threshold: in the unit of the metric.
        sign: 1 where the value has to be at least the threshold, -1 where it has to be at most that.
        evidence: of the records.
        problem: why there can be no verdict, in one sentence; empty for none.
    """

    id: str
    criterion: Criterion
    metric: Metric
    scope: Scope
    model: str
    threshold: float
    sign: int
    evidence: Evidence
    problem: str


class RunScores:
    """The scores of a run by condition, each metric computed once.

    Args:
        results: the run.
        metrics: names of the metrics that are needed.
    """

    def __init__(self, results: Results, metrics: Sequence[str]) -> None:
        self.results = results
        estimator = results.estimator(True)
        self.conditions: Conditions = estimator.conditions
        self.scores: dict[str, ScoreResult] = dict(estimator.results(list(dict.fromkeys(metrics))))
        invalid = invalid_predictions(results.frame, results.tasks).astype(np.float64)
        self.n_invalid: ScoreArray = estimator.arrange(estimator.count(invalid)[None])

    def by_subject(self, metric: str, scope: Scope, model: str) -> Floats:
        """Scores of each subject, (n, K)."""
        part = self.scores[metric].by_subject
        assert part is not None
        return scope.values(part, self.conditions, self.results.models.index(model))

    def clean_by_subject(self, metric: str, model: str) -> Floats:
        """Scores of each subject on clean frames, (n,)."""
        part = self.scores[metric].by_subject
        assert part is not None
        return part.clean[:, self.results.models.index(model)]

    def pooled(self, metric: str, scope: Scope, model: str) -> tuple[Floats, Floats, Floats]:
        """Scores of all frames (K,), without each subject (n, K), and the frames of each subject (n,)."""
        scores, index = self.scores[metric], self.results.models.index(model)
        assert scores.left_out is not None
        point, left_out = (scope.values(part, self.conditions, index) for part in (scores.point, scores.left_out))
        return point[0], left_out, scores.sizes

    def invalid(self, scope: Scope, model: str) -> int:
        """Frames without a valid prediction, over all conditions."""
        return int(np.nansum(scope.values(self.n_invalid, self.conditions, self.results.models.index(model))))


def cases(
    plan: Plan, scores: RunScores, models: Sequence[str], baseline: RunScores | None, metrics: dict[str, Metric]
) -> Iterator[Case]:
    """Every case of a plan, in its order, then by model.

    Args:
        plan: the criteria.
        scores: of the run.
        models: that are tested.
        baseline: scores of the run that margins refer to.
        metrics: id of a criterion -> its metric.
    """
    for criterion in plan.criteria:
        scope = resolve(criterion, scores.results)
        if criterion.non_inferior is not None and baseline is not None:
            resolve(criterion, baseline.results)
        for model in models:
            if criterion.models and model not in criterion.models:
                continue
            for part in scope.each() if criterion.aggregate == "each" else (scope,):
                yield _case(plan, criterion, metrics[criterion.id], part, model, scores, baseline)


def _case(
    plan: Plan,
    criterion: Criterion,
    metric: Metric,
    scope: Scope,
    model: str,
    scores: RunScores,
    baseline: RunScores | None,
) -> Case:
    sign = 1 if metric.higher_is_better else -1
    if criterion.non_inferior is None:
        bound = criterion.at_least if sign > 0 else criterion.at_most
        assert bound is not None
        threshold = bound * metric.scale
        evidence, problem = _bound(plan, criterion, metric, scope, model, scores)
    else:
        assert baseline is not None
        threshold = -sign * criterion.non_inferior * metric.scale
        old = baseline_model(plan, model, baseline.results)
        evidence, problem = _margin(criterion, metric, scope, (scores, model), (baseline, old), threshold)
    problem = problem or _too_few(evidence.subjects, metric, plan)
    return Case(_name(criterion, scope), criterion, metric, scope, model, threshold, sign, evidence, problem)


def _too_few(subjects: int, metric: Metric, plan: Plan) -> str:
    few = f"{counted(subjects, 'subject')} with a value of {metric.name}, and the plan needs {plan.min_subjects}."
    return few if subjects < plan.min_subjects else ""


def _name(criterion: Criterion, scope: Scope) -> str:
    """The id, with the condition where each is a case of its own."""
    condition = "/".join([scope.title, *(f"{each:g}" for each in scope.severities)])
    return f"{criterion.id}/{condition}" if criterion.aggregate == "each" else criterion.id


def baseline_model(plan: Plan, model: str, baseline: Results) -> str:
    """The model of the baseline run that a model is compared with: that of the plan, of its name, or the only one."""
    if plan.baseline_model:
        return plan.baseline_model
    return model if model in baseline.models else baseline.models[0]


def _bound(
    plan: Plan, criterion: Criterion, metric: Metric, scope: Scope, model: str, scores: RunScores
) -> tuple[Evidence, str]:
    """The score of a model, and what is wrong with it."""
    by_subject = scores.by_subject(metric.name, scope, model)
    problem = _invalid(scores, scope, model) or _undefined(by_subject, metric, scores, model, plan.estimand)
    mean = criterion.aggregate == "mean"
    if plan.estimand == "pooled":
        point, left_out, sizes = scores.pooled(metric.name, scope, model)
        if not problem and not np.isfinite(left_out).all():
            problem = f"{metric.name} has no interval: a single subject decides whether it is defined."
        if mean:
            point, left_out = point.mean(-1, keepdims=True), left_out.mean(-1, keepdims=True)
        return pooled_evidence(point, left_out, sizes, metric.upper_bound), problem
    values = by_subject[np.isfinite(by_subject).all(1)]
    return subject_evidence(values.mean(-1, keepdims=True) if mean else values, metric.upper_bound), problem


def _margin(
    criterion: Criterion,
    metric: Metric,
    scope: Scope,
    new: tuple[RunScores, str],
    old: tuple[RunScores, str],
    threshold: float,
) -> tuple[Evidence, str]:
    """The differences of subjects, and what is wrong with them."""
    problem, parts = "", []
    for scores, model in (new, old):
        part = scores.by_subject(metric.name, scope, model)
        problem = problem or _invalid(scores, scope, model) or _undefined(part, metric, scores, model, "subject")
        parts.append(part)
    first, second = (np.isfinite(part).all(1) for part in parts)
    if not problem and (number := int((first != second).sum())):
        problem = f"{metric.name} is defined for only one of the two models in {counted(number, 'subject')}."
    differences = (parts[0] - parts[1])[first & second]
    if criterion.aggregate == "mean":
        differences = differences.mean(-1, keepdims=True)
    return MarginEvidence(differences, threshold), problem


def _invalid(scores: RunScores, scope: Scope, model: str) -> str:
    count = scores.invalid(scope, model)
    return (
        f"{model} gave no valid prediction for {counted(count, 'frame')} (NaN or infinite), which no score includes."
        if count
        else ""
    )


def _undefined(by_subject: Floats, metric: Metric, scores: RunScores, model: str, estimand: str) -> str:
    """A subject whose score exists only under some of the conditions would leave the criterion when it gets worse."""
    defined = np.isfinite(by_subject)
    if not defined.any():
        return (
            f"No frame has a value of {metric.name}: the data lack such labels, or {model} does not predict the task."
        )
    if estimand == "pooled":
        return ""
    clean = np.isfinite(scores.clean_by_subject(metric.name, model))
    partial = ~defined.all(1) & (defined.any(1) | clean)
    if not partial.any():
        return ""
    return (
        f"{metric.name} of {model} is defined under only some of the conditions for "
        f"{counted(int(partial.sum()), 'subject')}, which would leave the criterion where it gets worse."
    )
