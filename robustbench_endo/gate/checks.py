"""Whether a plan fits a run and its baseline: metrics, thresholds, models, and what the plan requires of the run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from robustbench_endo.errors import RobustEndoError, RunError, UnknownNameError, unknown_name
from robustbench_endo.gate.plan import Criterion, Plan
from robustbench_endo.metrics.base import Metric
from robustbench_endo.results.combine import check_comparable
from robustbench_endo.results.completeness import check_complete
from robustbench_endo.results.integrity import CHECKSUM, check_intact
from robustbench_endo.results.metrics import find_metric, split_label

if TYPE_CHECKING:
    from robustbench_endo.results import Results


def check_run(plan: Plan, results: Results) -> None:
    """Raise RunError for a damaged run, or one that the plan is not about."""
    if results.path is not None:
        check_intact(results.path, results.info)
    check_complete(results)
    actual = {
        "data": results.info["data"].get("name"),
        "fingerprint": results.info["data"].get("fingerprint"),
        "suite": results.info["suite"]["name"],
        "seed": results.info["seed"],
    }
    for key, expected in plan.run.items():
        if key != "min_frames" and actual[key] != expected:
            raise RunError(
                f"Expected a run with the {key} {expected!r}, which the plan names, got {actual[key]!r}: give the run "
                "that the plan is about."
            )
    _check_frames(plan, results)


def _check_frames(plan: Plan, results: Results) -> None:
    frames = int(results.frame["image_id"].nunique())
    if frames < (fewest := int(plan.run.get("min_frames", 1))):
        raise RunError(
            f"Expected a run of at least {fewest} frames, which the plan needs, got {frames}: evaluate more."
        )


def check_baseline(plan: Plan, results: Results, baseline: Results | None, models: Sequence[str]) -> None:
    """Raise RunError for margins without a baseline, or a baseline of other frames or another protocol."""
    margin = next((each for each in plan.criteria if each.non_inferior is not None), None)
    if margin is None:
        _check_needless(baseline)
        return
    if baseline is None and not plan.baseline_model:
        raise RunError(
            f"Expected a baseline run for the margin of criterion {margin.id!r}, got none: add --baseline RUN, or name "
            "a baseline_model of the same run in the plan."
        )
    same_run = baseline is None or _is_same(results, baseline)
    if baseline is not None:
        if same_run and not plan.baseline_model:
            raise RunError(
                "Expected another run as the baseline, got the run itself, which is never worse than itself: give the "
                "run of the earlier model, or name a baseline_model of the same run in the plan."
            )
        check_comparable(results, baseline)
        check_run(Plan(plan.criteria), baseline)
        _check_same_frames(results, baseline)
    _check_baseline_model(
        plan.baseline_model, (results if baseline is None else baseline).models, models, same_run=same_run
    )


def _is_same(results: Results, baseline: Results) -> bool:
    checksum = results.info.get(CHECKSUM)
    return baseline is results or (checksum is not None and baseline.info.get(CHECKSUM) == checksum)


def _check_needless(baseline: Results | None) -> None:
    if baseline is not None:
        raise RobustEndoError(
            "Expected a criterion with non_inferior for the baseline run, got none in the plan: leave out the "
            "baseline, or add a margin."
        )


def _check_baseline_model(name: str, known: Sequence[str], models: Sequence[str], *, same_run: bool) -> None:
    if name and name not in known:
        raise unknown_name("model of the baseline", name, known)
    ambiguous = [model for model in models if model not in known and len(known) > 1]
    if ambiguous and not name:
        raise UnknownNameError(
            f"Expected a model {ambiguous[0]!r} in the baseline run, got {', '.join(known)}: name the one to compare "
            "with as baseline_model in the plan."
        )
    if same_run and name in models:
        raise RobustEndoError(
            f"Expected a model to compare with itself in another run, got {name!r} as the model and its baseline in "
            "the same run: name the other models with models or --model."
        )


def _check_same_frames(results: Results, baseline: Results) -> None:
    """Frames that only one run could use would be compared with nothing."""
    new, old = (set(run.frame["image_id"].unique()) for run in (results, baseline))
    if new != old:
        raise RunError(
            f"Expected the same frames in the baseline run, got {len(new ^ old)} that only one of the runs has, such "
            f"as {min(new ^ old)}: evaluate both on the same frames."
        )


def tested_models(plan: Plan, results: Results, models: Sequence[str]) -> list[str]:
    """The models that are tested, in the order of the run.

    Raises:
        UnknownNameError: a model that the run does not have.
    """
    for name in (*(models or plan.models), *(name for each in plan.criteria for name in each.models)):
        if name not in results.models:
            raise unknown_name("model of the run", name, results.models)
    requested = list(models) or list(plan.models) or results.models
    same_run = any(each.non_inferior is not None for each in plan.criteria) and plan.baseline_model
    if not models and not plan.models and same_run in results.models and len(results.models) > 1:
        requested = [name for name in requested if name != same_run]
    tested = [name for name in results.models if name in requested]
    without = [name for name in tested if not any(not each.models or name in each.models for each in plan.criteria)]
    if without:
        raise RobustEndoError(
            f"Expected a criterion for every tested model, got none for {', '.join(without)}: name it in the models of "
            "a criterion, or test others."
        )
    return tested


def metric_of(criterion: Criterion, results: Results) -> Metric:
    """The metric of a criterion.

    Raises:
        RobustEndoError: no metric of the run, one without a direction or of another task, or a bound that no model
            could meet or miss.
    """
    metric = _known_metric(criterion, results)
    task = metric.task or results.tasks[-1].name
    if criterion.task and criterion.task != task:
        raise RobustEndoError(
            f"Expected the task of {metric.name} ({task}) in criterion {criterion.id!r}, got {criterion.task!r}: "
            "correct it, or leave it out."
        )
    _check_threshold(criterion, metric, _check_direction(criterion, metric))
    return metric


def _check_direction(criterion: Criterion, metric: Metric) -> str:
    """The bound that fits the direction of a metric."""
    if metric.higher_is_better is None:
        raise RobustEndoError(
            f"Expected a metric with a direction in criterion {criterion.id!r}, got {metric.name!r}, which describes "
            "the image: choose another metric."
        )
    allowed = "at_least" if metric.higher_is_better else "at_most"
    wrong = "at_most" if metric.higher_is_better else "at_least"
    if getattr(criterion, wrong) is not None:
        better = "higher" if metric.higher_is_better else "lower"
        raise RobustEndoError(
            f"Expected {allowed} for {metric.name}, where {better} is better, in criterion {criterion.id!r}, got "
            f"{wrong}: correct it."
        )
    return allowed


def _known_metric(criterion: Criterion, results: Results) -> Metric:
    names = [metric.name for metric in results.metrics]
    if criterion.metric not in names and split_label(criterion.metric)[1] is None:
        raise unknown_name(f"metric of the run in criterion {criterion.id!r}", criterion.metric, names)
    return find_metric(results.metrics, criterion.metric)


def _check_threshold(criterion: Criterion, metric: Metric, allowed: str) -> None:
    key = allowed if criterion.non_inferior is None else "non_inferior"
    value = float(getattr(criterion, key))
    fraction = metric.unit.startswith("%")
    if key != "non_inferior":
        _check_bound(criterion, metric, value)
    elif fraction and not value < 1:
        raise RobustEndoError(
            f"Expected a margin for {metric.name} from 0 to below 1 in criterion {criterion.id!r}, got {value:g}: "
            "write 0.02 for 2 points."
        )


def _check_bound(criterion: Criterion, metric: Metric, value: float) -> None:
    if metric.unit.startswith("%") and not 0 < value < 1:
        raise RobustEndoError(
            f"Expected a bound for {metric.name} between 0 and 1 in criterion {criterion.id!r}, got {value:g}: write "
            "0.8 for 80 %; no data show exactly 0 or 1."
        )
    if not (np.isfinite(value) and value > 0):
        raise RobustEndoError(
            f"Expected a bound for {metric.name} above 0 in criterion {criterion.id!r}, got {value:g}: give it in "
            f"{metric.unit or 'the unit of the metric'}."
        )
