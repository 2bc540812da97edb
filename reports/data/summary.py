"""The summary of a report: one paragraph and three key numbers, which state only what the comparison supports."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from robustbench_endo.metrics.base import Metric
from robustbench_endo.reports.data.comparison import verdict
from robustbench_endo.reports.data.floors import floor_of
from robustbench_endo.reports.data.metrics import leading_metric, metrics_present
from robustbench_endo.reports.formatting import SPACE, counted, joined, number, title, with_unit
from robustbench_endo.results.schema import CLEAN

if TYPE_CHECKING:
    from robustbench_endo.results import Comparison, Results

_MAX_NAMED = 4
"""Models whose scores are listed one by one; of more the lowest and the highest score is given."""


@dataclass(frozen=True)
class KeyNumber:
    """A number with its label and one detail, as printed."""

    label: str
    value: str
    detail: str


@dataclass(frozen=True)
class Summary:
    """The summary of a run.

    Attributes:
        text: one paragraph.
        numbers: of the models that may be the best by the mean over corruptions.
        models: these models: one where it is significantly better than every other one; empty without scores.
    """

    text: str
    numbers: tuple[KeyNumber, ...]
    models: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Leading:
    """Scores of the models that may be the best: clean, the mean over corruptions, and the lowest corruption."""

    metric: Metric
    clean: dict[str, float]
    mean: dict[str, float]
    worst: dict[str, float]
    worst_name: str


def summarise(results: Results, comparison: Comparison | None) -> Summary:
    """The summary of a run.

    Args:
        results: the run.
        comparison: of its models by the leading metric; None for a single model.
    """
    metric = leading_metric(results)
    if metric is None:
        return Summary("This run has no scores: its frames have no labels.", ())
    leading = _leading(results, metric, comparison)
    parts = [_setting(results), *_comparison(comparison, metric), _clean(leading, results)]
    parts += [_under_corruption(leading), _above_floor(leading, results), _per_subject(leading, results)]
    parts += _other_tasks(results, tuple(leading.clean))
    return Summary(" ".join(part for part in parts if part), _numbers(leading), tuple(leading.clean))


def _leading(results: Results, metric: Metric, comparison: Comparison | None) -> _Leading:
    table = results.table([metric.name])[metric.name]
    models = _first_models(results, metric, comparison)

    def row(category: str, name: str) -> dict[str, float]:
        key = (category, name)
        return {model: float(table.loc[key, model]) if key in table.index else math.nan for model in models}

    sign = -1 if metric.higher_is_better is False else 1
    by_corruption = {name: row(category, name) for name, category in results.corruption_categories.items()}
    finite = {name: sign * _mean(scores) for name, scores in by_corruption.items() if math.isfinite(_mean(scores))}
    worst = min(finite, key=finite.__getitem__, default="")
    nothing = dict.fromkeys(models, math.nan)
    return _Leading(metric, row(CLEAN, CLEAN), row("mean", "all"), by_corruption.get(worst, nothing), worst)


def _first_models(results: Results, metric: Metric, comparison: Comparison | None) -> list[str]:
    """The models that no other one is significantly better than; those of a method are all of its training seeds."""
    if comparison is None:
        return results.models
    ranks = comparison.ranks[(comparison.ranks["metric"] == metric.name) & comparison.ranks["first"]]
    first = [model for method in ranks["model"] for model in results.methods[str(method)]]
    return first or results.models


def _mean(scores: dict[str, float]) -> float:
    return math.fsum(scores.values()) / len(scores) if scores else math.nan


def _setting(results: Results) -> str:
    data = results.info.get("data", {})
    source = f"{data.get('name', 'data')} ({data['split']})" if data.get("split") else data.get("name", "data")
    frames, subjects = results.frame["image_id"].nunique(), results.frame["subject_id"].nunique()
    conditions = (
        f"{counted(len(results.corruptions), 'corruption')} at {_severities(results.severities)}"
        if results.corruptions
        else "no corruption"
    )
    sample = f"{counted(frames, 'frame')} of {counted(subjects, 'subject')}"
    return f"{counted(len(results.models), 'model')}, {sample} of {source}, {conditions}."


def _severities(severities: list[float]) -> str:
    if len(severities) > 2 and severities == list(range(int(severities[0]), int(severities[-1]) + 1)):
        return f"severities {severities[0]} to {severities[-1]}"
    return f"severit{'y' if len(severities) == 1 else 'ies'} {joined([str(s) for s in severities])}"


def _comparison(comparison: Comparison | None, metric: Metric) -> list[str]:
    if comparison is None:
        return []
    reason = comparison.warnings[0] if comparison.warnings and not comparison.smallest_p <= 0.05 else ""
    return [verdict(comparison, metric), reason]


def _clean(leading: _Leading, results: Results) -> str:
    if not any(map(math.isfinite, leading.clean.values())):
        return ""
    many = "" if len(leading.clean) == len(results.models) or len(leading.clean) == 1 else " of these models"
    return f"On clean frames the {leading.metric.label}{many} is {_scores_text(leading.clean, leading.metric)}."


def _under_corruption(leading: _Leading) -> str:
    if not any(map(math.isfinite, leading.mean.values())):
        return ""
    text = f"Averaged over the corruptions it is {_scores_text(leading.mean, leading.metric)}."
    if leading.worst_name:
        worst = _scores_text(leading.worst, leading.metric)
        # Another corruption may be the worst one of a single model.
        start = "It is" if len(leading.clean) == 1 else "The mean of the models is"
        end = "lowest" if leading.metric.higher_is_better else "worst"
        text += f" {start} {end} under {title(leading.worst_name).lower()}: {worst}."
    return text


def _above_floor(leading: _Leading, results: Results) -> str:
    """What a predictor that sees no image scores, and what the models retain above it."""
    metric, floor = leading.metric, floor_of(results, leading.metric.name)
    if floor is None or not math.isfinite(floor.mean):
        return ""
    text = f"A predictor that sees no image ({floor.name}) scores {with_unit(floor.mean, metric.unit)}"
    row = results.robustness([metric.name]).loc[(metric.name, "relative")]
    retained = {model: float(row[model]) for model in leading.mean}
    if not results.corruptions or not any(map(math.isfinite, retained.values())):
        return f"{text}."
    noun = "the model retains" if len(retained) == 1 else "the models retain"
    return f"{text}; of the distance to it on clean frames {noun} {_range(retained, metric, '%')} under corruption."


def _per_subject(leading: _Leading, results: Results) -> str:
    """The mean with every subject counting once, where several subjects show a difference to the pooled one."""
    if results.frame["subject_id"].nunique() < 2 or not any(map(math.isfinite, leading.mean.values())):
        return ""
    means = results.robustness([leading.metric.name]).loc[(leading.metric.name, "subject_mean")]
    by_subject = {model: float(means[model]) for model in leading.mean}
    if _range(by_subject, leading.metric) == _range(leading.mean, leading.metric):
        return ""
    return f"With every subject counting once the mean is {_range(by_subject, leading.metric)}."


def _scores_text(scores: dict[str, float], metric: Metric) -> str:
    """One score with its unit, several with the names of their models, or the range of many."""
    values = [value for value in scores.values() if math.isfinite(value)]
    if len(scores) == 1:
        return f"{with_unit(values[0], metric.unit)} ({next(iter(scores))})" if values else number(math.nan)
    if len(scores) <= _MAX_NAMED:
        return joined([f"{with_unit(value, metric.unit)} ({model})" for model, value in scores.items()])
    return _range(scores, metric)


def _range(scores: dict[str, float], metric: Metric, unit: str | None = None) -> str:
    unit = metric.unit if unit is None else unit
    values = [value for value in scores.values() if math.isfinite(value)]
    if not values:
        return number(math.nan)
    low, high = with_unit(min(values), unit), with_unit(max(values), unit)
    return high if low == high else f"{low.removesuffix(SPACE + unit)} to {high}"


def _other_tasks(results: Results, models: tuple[str, ...]) -> list[str]:
    leading = leading_metric(results)
    assert leading is not None
    present = metrics_present(results)
    headlines = [task.headline for task in results.tasks if task.headline in present]
    sentences = []
    for metric in (metric for metric in map(results.metric, headlines) if metric.task != leading.task):
        table = results.table([metric.name])[metric.name]
        rows = [_row(table, key, models) for key in ((CLEAN, CLEAN), ("mean", "all"))]
        if all(any(map(math.isfinite, row.values())) for row in rows):
            clean, mean = (_range(row, metric) for row in rows)
            label = metric.label[:1].lower() + metric.label[1:]
            sentences.append(f"The {label} changes from {clean} on clean frames to {mean}.")
    return sentences


def _row(table: pd.DataFrame, key: tuple[str, str], models: tuple[str, ...]) -> dict[str, float]:
    return {model: float(table.loc[key, model]) if key in table.index else math.nan for model in models}


def _numbers(leading: _Leading) -> tuple[KeyNumber, ...]:
    metric, label = leading.metric, leading.metric.label
    models = list(leading.clean)
    who = models[0] if len(models) == 1 else f"{counted(len(models), 'model')}, lowest to highest"
    return (
        KeyNumber(f"{label}, clean frames", _range(leading.clean, metric), who),
        KeyNumber(f"{label}, mean of all corruptions", _range(leading.mean, metric), who),
        KeyNumber(
            f"{label}, worst corruption",
            _range(leading.worst, metric),
            f"{title(leading.worst_name)}{', worst for their mean' * (len(models) > 1)}" if leading.worst_name else "",
        ),
    )
