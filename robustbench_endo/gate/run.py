"""Decide the criteria of a plan on a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from robustbench_endo.errors import RobustEndoError
from robustbench_endo.gate.cases import RunScores, cases
from robustbench_endo.gate.checks import check_baseline, check_run, metric_of, tested_models
from robustbench_endo.gate.decide import decide
from robustbench_endo.gate.notes import gate_notes
from robustbench_endo.gate.plan import Plan, load_plan
from robustbench_endo.gate.report import GateReport, RunReference, overall
from robustbench_endo.results.integrity import CHECKSUM, content_sha256

if TYPE_CHECKING:
    from robustbench_endo.results import Results


def run_gate(
    results: Results | str | Path,
    plan: Plan | str | Path,
    baseline: Results | str | Path | None = None,
    models: Sequence[str] = (),
) -> GateReport:
    """Decide every criterion of a plan.

    Args:
        results: a finished run, or its folder.
        plan: of :func:`load_plan`, or its file.
        baseline: the run that margins refer to, or its folder.
        models: names of models of the run, instead of those of the plan.

    Returns:
        The verdicts. In at most ``alpha`` of all studies the gate passes although a criterion is violated, and in at
        most ``alpha`` it fails although all hold.

    Raises:
        RunError: a damaged run, one that the plan is not about, margins without a baseline, or a baseline of other
            frames, another suite or another protocol.
        UnknownNameError: a model, metric or corruption that the run does not have.
        RobustEndoError: a plan that is not valid, or a bound that no model could meet or miss.
    """
    plan = plan if isinstance(plan, Plan) else load_plan(_path(plan, "plan", "a Plan or the path of a TOML file"))
    results = _loaded(results, "results")
    baseline = None if baseline is None else _loaded(baseline, "baseline")
    check_run(plan, results)
    tested = tested_models(plan, results, [models] if isinstance(models, str) else models)
    metrics = {criterion.id: metric_of(criterion, results) for criterion in plan.criteria}
    check_baseline(plan, results, baseline, tested)
    scores = RunScores(results, [metric.name for metric in metrics.values()])
    margins = [metrics[each.id].name for each in plan.criteria if each.non_inferior is not None]
    old = scores if baseline is None else RunScores(baseline, margins)
    all_cases = list(cases(plan, scores, tested, old if margins else None, metrics))
    decided = decide(all_cases, plan)
    return GateReport(
        name=plan.name,
        verdict=overall([each.verdict for each in decided]),
        criteria=tuple(decided),
        alpha=plan.alpha,
        correction=plan.correction,
        estimand=plan.estimand,
        min_subjects=plan.min_subjects,
        plan_sha256=plan.sha256,
        plan_toml=plan.text,
        run=reference(results),
        baseline=None if baseline is None else reference(baseline),
        models=tuple(tested),
        notes=tuple(gate_notes(all_cases, plan, results, baseline)),
    )


def reference(results: Results) -> RunReference:
    """Which run it is: nothing of its place on the disk."""
    info: Mapping[str, Any] = results.info
    checksum = info.get(CHECKSUM) or content_sha256({name: info[name] for name in info if name != CHECKSUM})
    return RunReference(
        name=str(info.get("name") or "run"),
        checksum=str(checksum),
        data=str(info["data"].get("name") or "unnamed data"),
        suite=str(info["suite"]["name"]),
        frames=int(results.frame["image_id"].nunique()),
        subjects=int(results.frame["subject_id"].nunique()),
    )


def _loaded(run: Any, name: str) -> Results:
    from robustbench_endo.results import Results, load_results

    return run if isinstance(run, Results) else load_results(_path(run, name, "a run or its folder"))


def _path(value: Any, name: str, expected: str) -> str | Path:
    if not isinstance(value, (str, Path)):
        raise RobustEndoError(f"Expected {name} to be {expected}, got {type(value).__name__}: pass a path.")
    return value
