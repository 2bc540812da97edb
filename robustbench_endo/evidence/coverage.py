"""What an evidence pack does not cover: hazards, conditions and metrics without evidence, kinds of data shift."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from robustbench_endo.evidence.hazards import Bound, Hazard
from robustbench_endo.evidence.traceability import Gates, TraceRow, inline_id, is_result_of
from robustbench_endo.gate import Plan
from robustbench_endo.results.resampling import FEW_SUBJECTS
from robustbench_endo.results.results import Results
from robustbench_endo.results.schema import CLEAN


@dataclass(frozen=True)
class Gap:
    """One thing that is not covered.

    Attributes:
        kind: of the thing.
        item: its name.
        reason: why it is not covered, in one sentence.
    """

    kind: str
    item: str
    reason: str


RECORDED_SHIFT = "smoke, blood and fluids of real surgery"
SHIFTS: tuple[tuple[str, str], ...] = (
    (RECORDED_SHIFT, "The corruptions simulate them; no frames recorded under these conditions were evaluated."),
    ("other endoscopes, cameras and processors", "Simulated corruptions do not stand for another device."),
    ("other instruments", "The instruments are those of the evaluated frames."),
    ("other procedures, anatomy and patients", "The subjects are those of the evaluated frames."),
    ("other hospitals, operators and annotators", "The run does not state where the frames and their labels are from."),
    ("effects over time", "Frames are evaluated one by one: lag, freezing and flicker of a video are not."),
    ("use of the output", "How a person or a system reacts to an error is not evaluated."),
)
"""Kinds of data shift about which simulated corruptions of one data set say nothing, and why."""


def gaps(
    hazards: Sequence[Hazard], rows: Sequence[TraceRow], gates: Gates, results: Results, plan: Plan | None
) -> list[Gap]:
    """Everything that is not covered, in the order of a reader: hazards, criteria, conditions, metrics, data.

    Args:
        hazards: of the file.
        rows: of the traceability table.
        gates: verdicts of the criteria.
        results: the run.
        plan: of ``--plan``.
    """
    return [
        *(gap for hazard in hazards for gap in _of_hazard(hazard, rows, results)),
        *_criteria(hazards, gates, plan),
        *_conditions(hazards, results),
        *_metrics(rows, results),
        *_sample(results),
        *_shifts(results),
    ]


def is_traced(hazard: Hazard, rows: Sequence[TraceRow]) -> bool:
    """Whether a hazard has a result."""
    return any(row.hazard == hazard.id for row in rows)


def _of_hazard(hazard: Hazard, rows: Sequence[TraceRow], results: Results) -> Iterator[Gap]:
    name = hazard.id
    if not hazard.corruptions:
        yield Gap("hazard without corruption", name, "No corruption simulates it.")
    if not hazard.criteria:
        yield Gap("hazard without criterion", name, "No criterion bounds its effect.")
    elif not is_traced(hazard, rows):
        yield Gap("hazard without result", name, "None of the conditions of its criteria was run.")
    yield from _not_run(hazard, results)
    for corruption, missing in _outside(hazard, rows, results):
        levels = f" {missing}" if missing else ""
        yield Gap(
            "hazard: condition outside its criteria", f"{name}: {corruption}{levels}", "No criterion includes it."
        )
    for criterion in hazard.criteria:
        if is_traced(hazard, rows) and not any(_belongs(row, hazard, criterion) for row in rows):
            yield Gap("criterion without result", f"{name}: {criterion}", "None of its conditions was run.")


def _not_run(hazard: Hazard, results: Results) -> Iterator[Gap]:
    """Corruptions and severities of a hazard that the run does not have."""
    name, known = hazard.id, {CLEAN, *results.corruptions, *results.recorded_conditions}
    for corruption in hazard.corruptions:
        if corruption not in known:
            yield Gap("hazard: corruption not run", f"{name}: {corruption}", "The run does not have it.")
    for severity in hazard.severities or ():
        if severity and severity not in results.severities:
            yield Gap("hazard: severity not run", f"{name}: {severity:g}", "The run does not have it.")


def _belongs(row: TraceRow, hazard: Hazard, criterion: str | Bound) -> bool:
    name = inline_id(hazard, criterion) if isinstance(criterion, Bound) else criterion
    return row.hazard == hazard.id and (row.criterion == name or row.criterion.startswith(f"{name}/"))


def _outside(hazard: Hazard, rows: Sequence[TraceRow], results: Results) -> Iterator[tuple[str, str]]:
    """Corruptions of a hazard that were run, with their severities that none of its criteria includes."""
    if not is_traced(hazard, rows):
        return
    levels = results.severities if hazard.severities is None else hazard.severities
    for corruption in hazard.corruptions:
        included = {
            level
            for row in rows
            if row.hazard == hazard.id and corruption in row.corruptions
            for level in (row.severities or (None,))
        }
        if corruption in results.corruptions:
            missing = [level for level in levels if level in results.severities and level not in included]
            if missing:
                yield corruption, ", ".join(f"{level:g}" for level in missing)
        elif corruption in (CLEAN, *results.recorded_conditions) and not included:
            yield corruption, ""


def _criteria(hazards: Sequence[Hazard], gates: Gates, plan: Plan | None) -> Iterator[Gap]:
    used = {criterion for hazard in hazards for criterion in hazard.criteria if isinstance(criterion, str)}
    for criterion in plan.criteria if plan else ():
        if criterion.id not in used:
            results = (
                [each.verdict for each in gates.plan.criteria if is_result_of(each, criterion.id)] if gates.plan else []
            )
            verdicts = ", ".join(sorted(set(results)))
            yield Gap("criterion without hazard", criterion.id, f"No hazard names it (verdict: {verdicts}).")


def _conditions(hazards: Sequence[Hazard], results: Results) -> Iterator[Gap]:
    """Corruptions and severities of the run that no hazard names."""
    covered: dict[str, set[float]] = {}
    for hazard in hazards:
        levels = results.severities if hazard.severities is None else hazard.severities
        for corruption in hazard.corruptions:
            covered.setdefault(corruption, set()).update(levels)
    for corruption in (*results.corruptions, *results.recorded_conditions):
        if corruption not in covered:
            yield Gap("corruption without hazard", corruption, "It was run, but no hazard names it.")
            continue
        missing = [level for level in results.severities if level not in covered[corruption]]
        if missing and corruption in results.corruptions:
            levels_text = ", ".join(f"{level:g}" for level in missing)
            yield Gap("severity without hazard", f"{corruption} {levels_text}", "It was run, but no hazard names it.")


def _metrics(rows: Sequence[TraceRow], results: Results) -> Iterator[Gap]:
    """Metrics of the tasks, not of single classes, that no criterion bounds."""
    bounded = {column for row in rows for column in [row.requirement.removeprefix("difference of ").partition(" ")[0]]}
    for task in results.tasks:
        names = [metric.name for metric in results.metrics if metric.task == task.name and "[" not in metric.name]
        names = [name for name in names if name not in bounded]
        if names:
            reason = "No criterion bounds them."
            yield Gap(f"metrics without criterion, {task.title.lower()}", ", ".join(names), reason)


def _sample(results: Results) -> Iterator[Gap]:
    subjects, frames = results.frame["subject_id"].nunique(), results.frame["image_id"].nunique()
    if subjects < FEW_SUBJECTS:
        yield Gap("subjects", f"{subjects}", f"Fewer than {FEW_SUBJECTS}: intervals are wide or not defined.")
    if subjects == frames and frames > 1:
        yield Gap("subjects", f"{subjects}", "Each frame is treated as a subject of its own.")
    excluded = {failure["id"] for failure in results.info.get("failures", ())}
    if excluded:
        yield Gap("frames", f"{len(excluded)}", "They could not be read or scored, and are in no number.")
    if results.info["data"].get("name") == "synthetic":
        yield Gap("data", "synthetic scenes", "The frames are rendered: nothing follows for frames of surgery.")


def _shifts(results: Results) -> Iterator[Gap]:
    for shift, reason in SHIFTS:
        if shift != RECORDED_SHIFT or not results.recorded_conditions:
            yield Gap("data shift", shift, reason)
