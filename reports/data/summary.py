"""The run in one paragraph, and the three numbers that matter."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from robustbench_endo.reports.data.metrics import leading_metric, metric, metrics_present
from robustbench_endo.reports.formatting import SPACE, counted, listing, quantity, title
from robustbench_endo.results.metric_info import MetricInfo

if TYPE_CHECKING:
    from robustbench_endo.results import Results


@dataclass(frozen=True)
class KeyNumber:
    """One of the three: what it is, the number, what to know about it."""

    label: str
    value: str
    detail: str


@dataclass(frozen=True)
class Summary:
    """What a reader in a hurry takes away; the numbers are of the model with the best mean over corruptions."""

    text: str
    numbers: tuple[KeyNumber, ...]
    model: str | None = None


@dataclass(frozen=True)
class _Story:
    metric: MetricInfo
    model: str
    clean: float
    mean: float
    worst: float
    worst_name: str


def summarise(results: Results) -> Summary:
    """The summary of a run; says so when the run holds no number at all."""
    name = leading_metric(results)
    if name is None:
        return Summary("This run holds no scores: its frames carry neither masks nor activities.", ())
    story = _story(results.table((name,)), metric(name), results)
    parts = [_setting(results), _clean(story, results), _fall(story), _other_task(results, story)]
    return Summary(" ".join(part for part in parts if part), _numbers(story), story.model)


def _story(table: pd.DataFrame, leading: MetricInfo, results: Results) -> _Story:
    def rows(category: str, name: str) -> pd.Series:
        key = (category, name)
        return table.loc[key, leading.name] if key in table.index else pd.Series(math.nan, results.models)

    mean = rows("mean", "all")
    sign = -1 if leading.higher_is_better is False else 1
    ranked = mean if mean.notna().any() else rows("clean", "clean")
    model = str((sign * ranked.astype(float).fillna(-math.inf)).idxmax())
    fallen = {name: float(rows(category, name)[model]) for name, category in results.corruption_categories.items()}
    known = {name: sign * value for name, value in fallen.items() if math.isfinite(value)}
    worst = min(known, key=known.__getitem__, default="")
    clean = float(rows("clean", "clean")[model])
    return _Story(leading, model, clean, float(mean[model]), fallen.get(worst, math.nan), worst)


def _setting(results: Results) -> str:
    data = results.info.get("data", {})
    place = f"{data.get('name', 'data')} ({data['split']})" if data.get("split") else data.get("name", "data")
    frames = results.frame["image_id"].nunique()
    conditions = (
        f"{counted(len(results.corruptions), 'corruption')} at {_severities(results.severities)}"
        if results.corruptions
        else "no corruption"
    )
    return f"{counted(len(results.models), 'model')}, {counted(frames, 'frame')} of {place}, {conditions}."


def _severities(severities: list[int]) -> str:
    if len(severities) > 2 and severities == list(range(severities[0], severities[-1] + 1)):
        return f"severities {severities[0]} to {severities[-1]}"
    return f"severit{'y' if len(severities) == 1 else 'ies'} {listing([str(s) for s in severities])}"


def _clean(story: _Story, results: Results) -> str:
    role = f", the most robust of the {len(results.models)}," if len(results.models) > 1 else ""
    score = quantity(story.clean, story.metric.unit)
    return f"On clean frames {story.model}{role} scores {score} {story.metric.label}."


def _fall(story: _Story) -> str:
    if not math.isfinite(story.mean):
        return ""
    unit, kept = story.metric.unit, _kept(story.mean, story)
    text = f"Averaged over the corruptions it scores {quantity(story.mean, unit)}"
    text += f", {kept} of its clean score." if kept else "."
    if story.worst_name:
        text += f" It is hit hardest by {title(story.worst_name).lower()}: {quantity(story.worst, unit)}."
    return text


def _kept(value: float, story: _Story) -> str:
    if not story.metric.higher_is_better or not story.clean > 0 or not math.isfinite(value):
        return ""
    return f"{100 * value / story.clean:.0f}{SPACE}%"


def _other_task(results: Results, story: _Story) -> str:
    if story.metric.name == "accuracy" or "accuracy" not in metrics_present(results):
        return ""
    table = results.table(("accuracy",))["accuracy"][story.model]
    values = [float(table.get(key, math.nan)) for key in (("clean", "clean"), ("mean", "all"))]
    if not all(math.isfinite(value) for value in values):
        return ""
    clean, mean = (quantity(value) for value in values)
    return f"Its activity accuracy goes from {clean} on clean frames to {mean}."


def _numbers(story: _Story) -> tuple[KeyNumber, ...]:
    unit, label = story.metric.unit, story.metric.label
    kept = _kept(story.mean, story)
    worst_kept = _kept(story.worst, story)
    return (
        KeyNumber(f"{label}, clean frames", quantity(story.clean, unit), story.model),
        KeyNumber(
            f"{label}, mean of all corruptions",
            quantity(story.mean, unit),
            f"keeps {kept} of its clean score" if kept else story.model,
        ),
        KeyNumber(
            f"{label}, worst corruption",
            quantity(story.worst, unit),
            f"{title(story.worst_name)}{f': keeps {worst_kept}' if worst_kept else ''}" if story.worst_name else "",
        ),
    )
