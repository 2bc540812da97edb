"""From hazards to results: one row per hazard, criterion and model, with the checksum of the records behind it."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from robustbench_endo.errors import RobustEndoError
from robustbench_endo.evidence.fingerprint import columns_of, records_sha256
from robustbench_endo.evidence.hazards import Bound, Hazard
from robustbench_endo.gate import Criterion, CriterionResult, GateReport, Plan, run_gate
from robustbench_endo.results.results import Results
from robustbench_endo.results.schema import CLEAN


@dataclass(frozen=True)
class TraceRow:
    """One row of the traceability table.

    Attributes:
        hazard: its id.
        criterion: id of the criterion; an inline bound has the id of its hazard and the bound.
        model: name of the model.
        requirement: metric, direction and threshold, as printed.
        corruption: title of the scope.
        aggregate: ``mean``, ``each`` or ``worst`` over the conditions of the scope.
        corruptions: names of the corruptions of the criterion.
        severities: of the criterion; empty for clean frames.
        unit: of value, low and high.
        value, low, high: the result and its interval; NaN where it is not defined.
        frames, subjects: that the result rests on.
        verdict: ``pass``, ``fail`` or ``undecided``.
        reason: the verdict in one sentence.
        records: number of records that the result was computed from.
        columns: of the records, besides the keys.
        records_sha256: checksum of the records.
        baseline_sha256: that of the records of the baseline; empty without one.
    """

    hazard: str
    criterion: str
    model: str
    requirement: str
    corruption: str
    aggregate: str
    corruptions: tuple[str, ...]
    severities: tuple[float, ...]
    unit: str
    value: float
    low: float
    high: float
    frames: int
    subjects: int
    verdict: str
    reason: str
    records: int
    columns: tuple[str, ...]
    records_sha256: str
    baseline_sha256: str

    @property
    def conditions(self) -> str:
        """Corruption and severities, as printed."""
        levels = ", ".join(f"{severity:g}" for severity in self.severities)
        several = len(self.corruptions) * max(1, len(self.severities)) > 1
        kind = f"{self.aggregate} of " if several and self.aggregate != "each" else ""
        names = self.corruption if len(self.corruptions) > 3 else ", ".join(self.corruptions)
        return f"{kind}{names}, severity {levels}" if levels else f"{kind}{names}"

    @property
    def result(self) -> str:
        """Value and interval, as printed."""
        if math.isnan(self.value):
            return "not defined"
        unit = f" {self.unit}" if self.unit else ""
        ends = "" if math.isnan(self.low + self.high) else f" [{self.low:.2f}, {self.high:.2f}]"
        return f"{self.value:.2f}{unit}{ends}"


@dataclass(frozen=True)
class Gates:
    """The verdicts on which a table rests.

    Attributes:
        plan: of the plan; None without one.
        inline: of the bounds in the file of hazards; None without any.
    """

    plan: GateReport | None
    inline: GateReport | None


def inline_id(hazard: Hazard, bound: Bound) -> str:
    """The id of an inline bound."""
    return f"{hazard.id}:{bound}"


def inline_criterion(hazard: Hazard, bound: Bound, results: Results) -> Criterion | None:
    """An inline bound as a criterion: under the worst of the conditions of its hazard; None if none of them was run.

    Clean frames and recorded conditions have no severity: the bound is about them only without corruptions.
    """
    names = tuple(name for name in hazard.corruptions if name in results.corruptions)
    levels = results.severities if hazard.severities is None else hazard.severities
    severities = tuple(level for level in levels if level in results.severities)
    if not any(name in results.corruptions for name in hazard.corruptions):
        recorded = tuple(name for name in hazard.corruptions if name in results.recorded_conditions)
        names, severities = recorded or tuple(name for name in hazard.corruptions if name == CLEAN), ()
    elif not severities:
        return None
    if not names:
        return None
    return Criterion(
        inline_id(hazard, bound),
        bound.metric,
        corruption=names,
        severities=severities,
        aggregate="worst",
        at_least=bound.threshold if bound.at_least else None,
        at_most=None if bound.at_least else bound.threshold,
    )


def run_gates(
    hazards: Sequence[Hazard], source: bytes, results: Results, plan: Plan | None, baseline: Results | None
) -> Gates:
    """Decide the criteria of the plan, and the inline bounds with the alpha and the correction of the plan.

    Args:
        hazards: of the file.
        source: the content of the file, whose checksum stands for the plan of the inline bounds.
        results: the run.
        plan: of ``--plan``.
        baseline: of ``--baseline``.
    """
    if baseline is not None and plan is None:
        raise RobustEndoError("Expected a plan for the baseline run, got none: give --plan, or leave out --baseline.")
    inline = _inline_plan(hazards, source, results, plan or Plan(()))
    # Without its folder: whether its files were changed is a check of its own, which must not hide the rows.
    run = replace(results, path=None)
    decided = run_gate(run, inline) if inline.criteria else None
    return Gates(None if plan is None else run_gate(run, plan, baseline), decided)


def _inline_plan(hazards: Sequence[Hazard], source: bytes, results: Results, settings: Plan) -> Plan:
    """The inline bounds as a plan with the settings of another."""
    bounds = [
        criterion
        for hazard in hazards
        for bound in hazard.criteria
        if isinstance(bound, Bound) and (criterion := inline_criterion(hazard, bound, results))
    ]
    return Plan(
        tuple(bounds),
        "inline bounds of the hazards",
        settings.alpha,
        settings.correction,
        settings.estimand,
        settings.min_subjects,
        settings.models,
        sha256=hashlib.sha256(source).hexdigest(),
    )


def trace(
    hazards: Sequence[Hazard], gates: Gates, results: Results, plan: Plan | None, baseline: Results | None
) -> list[TraceRow]:
    """The rows of the traceability table, in the order of the hazards.

    Args:
        hazards, results, plan, baseline: as for :func:`run_gates`.
        gates: their verdicts.
    """
    labels = {task: len(names) for task, names in results.labels.items()}
    columns: dict[str, tuple[str, ...]] = {}
    rows = []
    for hazard, result in matches(hazards, gates):
        if result.metric not in columns:
            metric = results.metric(result.metric)
            number = labels.get(metric.task or results.tasks[-1].name, 0)
            columns[result.metric] = tuple(columns_of(metric, results.frame, number))
        other = ""
        if result.kind == "non_inferiority":
            old = baseline or results
            reference = (plan.baseline_model if plan else "") or result.model
            reference = reference if reference in old.models else old.models[0]
            other = records_sha256(select_records(old.frame, reference, result), columns[result.metric])
        rows.append(_row(hazard, result, results.frame, columns[result.metric], other))
    return rows


def matches(hazards: Sequence[Hazard], gates: Gates) -> Iterator[tuple[Hazard, CriterionResult]]:
    """Each hazard with each result of its criteria."""
    of_plan = gates.plan.criteria if gates.plan else ()
    inline = gates.inline.criteria if gates.inline else ()
    for hazard in hazards:
        for criterion in hazard.criteria:
            name = inline_id(hazard, criterion) if isinstance(criterion, Bound) else criterion
            candidates = inline if isinstance(criterion, Bound) else of_plan
            yield from ((hazard, result) for result in candidates if is_result_of(result, name))


def is_result_of(result: CriterionResult, criterion: str) -> bool:
    """Whether a result is of a criterion, or of one of its conditions (``id/smoke/3``)."""
    return result.id == criterion or result.id.startswith(f"{criterion}/")


def select_records(frame: pd.DataFrame, model: str, result: CriterionResult) -> pd.DataFrame:
    """The records of a model under the conditions of a result."""
    selected = (frame["model"] == model) & frame["corruption"].isin(result.corruptions)
    if result.severities:
        selected &= frame["severity"].astype(float).isin([float(level) for level in result.severities])
    return frame[selected]


def _row(
    hazard: Hazard, result: CriterionResult, frame: pd.DataFrame, columns: tuple[str, ...], baseline_sha256: str
) -> TraceRow:
    records = select_records(frame, result.model, result)
    unit = f" {result.unit}" if result.unit else ""
    sign = "≥" if result.direction == "at_least" else "≤"
    kind = "difference of " if result.kind == "non_inferiority" else ""
    return TraceRow(
        hazard.id,
        result.id,
        result.model,
        f"{kind}{result.metric} {sign} {result.threshold:g}{unit}",
        result.corruption,
        result.aggregate,
        result.corruptions,
        result.severities,
        result.unit,
        result.value,
        result.low,
        result.high,
        int(records["image_id"].nunique()),
        result.subjects,
        result.verdict,
        result.reason,
        len(records),
        columns,
        records_sha256(records, columns),
        baseline_sha256,
    )
