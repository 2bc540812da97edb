"""The summary of a report: one paragraph and three key numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from robustbench_endo.metrics.base import Metric
from robustbench_endo.reports.data.metrics import leading_metric, metrics_present
from robustbench_endo.reports.formatting import SPACE, counted, joined, title, with_unit
from robustbench_endo.results.schema import CLEAN

if TYPE_CHECKING:
    from robustbench_endo.results import Results


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
        numbers: of the model with the best mean over corruptions.
        model: that model; None for a run without scores.
    """

    text: str
    numbers: tuple[KeyNumber, ...]
    model: str | None = None


@dataclass(frozen=True)
class _BestModel:
    metric: Metric
    model: str
    clean: float
    mean: float
    worst: float
    worst_name: str


def summarise(results: Results) -> Summary:
    """The summary of a run."""
    metric = leading_metric(results)
    if metric is None:
        return Summary("This run has no scores: its frames have no labels.", ())
    best = _best_model(results.table([metric.name]), metric, results)
    parts = [_setting(results), _clean(best, results), _under_corruption(best), *_other_tasks(results, best)]
    return Summary(" ".join(part for part in parts if part), _numbers(best), best.model)


def _best_model(table: pd.DataFrame, metric: Metric, results: Results) -> _BestModel:
    def row(category: str, name: str) -> pd.Series:
        key = (category, name)
        return table.loc[key, metric.name] if key in table.index else pd.Series(math.nan, results.models)

    mean = row("mean", "all")
    sign = -1 if metric.higher_is_better is False else 1
    ranked = mean if mean.notna().any() else row(CLEAN, CLEAN)
    model = str((sign * ranked.astype(float).fillna(-math.inf)).idxmax())
    scores = {name: float(row(category, name)[model]) for name, category in results.corruption_categories.items()}
    finite = {name: sign * value for name, value in scores.items() if math.isfinite(value)}
    worst = min(finite, key=finite.__getitem__, default="")
    clean = float(row(CLEAN, CLEAN)[model])
    return _BestModel(metric, model, clean, float(mean[model]), scores.get(worst, math.nan), worst)


def _setting(results: Results) -> str:
    data = results.info.get("data", {})
    source = f"{data.get('name', 'data')} ({data['split']})" if data.get("split") else data.get("name", "data")
    frames = results.frame["image_id"].nunique()
    conditions = (
        f"{counted(len(results.corruptions), 'corruption')} at {_severities(results.severities)}"
        if results.corruptions
        else "no corruption"
    )
    return f"{counted(len(results.models), 'model')}, {counted(frames, 'frame')} of {source}, {conditions}."


def _severities(severities: list[int]) -> str:
    if len(severities) > 2 and severities == list(range(severities[0], severities[-1] + 1)):
        return f"severities {severities[0]} to {severities[-1]}"
    return f"severit{'y' if len(severities) == 1 else 'ies'} {joined([str(s) for s in severities])}"


def _clean(best: _BestModel, results: Results) -> str:
    role = f", the most robust of the {len(results.models)}," if len(results.models) > 1 else ""
    score = with_unit(best.clean, best.metric.unit)
    return f"On clean frames {best.model}{role} scores {score} {best.metric.label}."


def _under_corruption(best: _BestModel) -> str:
    if not math.isfinite(best.mean):
        return ""
    unit, relative = best.metric.unit, _relative(best.mean, best)
    text = f"Averaged over the corruptions it scores {with_unit(best.mean, unit)}"
    text += f", {relative} of its clean score." if relative else "."
    if best.worst_name:
        text += f" The lowest score is under {title(best.worst_name).lower()}: {with_unit(best.worst, unit)}."
    return text


def _relative(value: float, best: _BestModel) -> str:
    if not best.metric.higher_is_better or not best.clean > 0 or not math.isfinite(value):
        return ""
    return f"{100 * value / best.clean:.0f}{SPACE}%"


def _other_tasks(results: Results, best: _BestModel) -> list[str]:
    present = metrics_present(results)
    names = [task.headline for task in results.tasks if task.headline in present and task.headline != best.metric.name]
    sentences = []
    for metric in map(results.metric, names):
        table = results.table([metric.name])[metric.name][best.model]
        values = [float(table.get(key, math.nan)) for key in ((CLEAN, CLEAN), ("mean", "all"))]
        same_task = metric.task == best.metric.task
        if all(math.isfinite(value) for value in values) and not same_task:
            clean, mean = (with_unit(value, metric.unit) for value in values)
            label = metric.label[:1].lower() + metric.label[1:]
            sentences.append(f"Its {label} changes from {clean} on clean frames to {mean}.")
    return sentences


def _numbers(best: _BestModel) -> tuple[KeyNumber, ...]:
    unit, label = best.metric.unit, best.metric.label
    relative, worst_relative = _relative(best.mean, best), _relative(best.worst, best)
    worst = f"{title(best.worst_name)}{f': {worst_relative} of its clean score' if worst_relative else ''}"
    return (
        KeyNumber(f"{label}, clean frames", with_unit(best.clean, unit), best.model),
        KeyNumber(
            f"{label}, mean of all corruptions",
            with_unit(best.mean, unit),
            f"{relative} of its clean score" if relative else best.model,
        ),
        KeyNumber(f"{label}, worst corruption", with_unit(best.worst, unit), worst if best.worst_name else ""),
    )
