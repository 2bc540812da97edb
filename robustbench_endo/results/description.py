"""What a run says of itself in a Python session: models, data, conditions, leading scores, and what to call next."""

from __future__ import annotations

from contextlib import suppress
from textwrap import shorten
from typing import TYPE_CHECKING

import numpy as np

from robustbench_endo.results.resampling import counted
from robustbench_endo.results.schema import CLEAN

if TYPE_CHECKING:
    from collections.abc import Sequence

    from robustbench_endo.metrics.base import Metric
    from robustbench_endo.results.results import Results

MAX_MODELS = 5
"""Models whose scores are in the text."""

_MAX_NAMED = 6
_MAX_REASON = 150
_MEAN = ("mean", "all")
_NEXT = "Next: .table(), .scores(intervals=True), .plot(), .compare(), .to_csv(path); rb.report(results, path)."


def describe_run(results: Results) -> str:
    """The run in one paragraph; only its folder where the records are too damaged for that."""
    with suppress(Exception):  # a debugger, and the message of an error, show this text
        return _describe(results)
    return f"Results(path={results.path})"


def _describe(results: Results) -> str:
    conditions = len(results.corruptions) * len(results.severities) + (CLEAN in set(results.frame["corruption"]))
    frames = results.frame["image_id"].nunique()
    head = f"{counted(len(results.models), 'model')} x {counted(frames, 'frame')} x {conditions} conditions"
    parts = [f"Results({head}, path={results.path})", describe_data(results), _describe_scores(results), _NEXT]
    return " ".join(part for part in parts if part)


def describe_data(results: Results) -> str:
    """Models, data and conditions, in one sentence; a second one where frames failed."""
    data, frame = results.info.get("data", {}), results.frame
    name = " ".join(str(data[key]) for key in ("name", "split") if data.get(key))
    sample = f"{counted(frame['image_id'].nunique(), 'frame')} of {counted(frame['subject_id'].nunique(), 'subject')}"
    text = f"{_named(results.models)} on {sample}{f' ({name})' if name else ''}: "
    corruptions = _named(results.corruptions) if results.corruptions else "no corruptions"
    severities = ", ".join(map(str, results.severities))
    text += f"clean and {corruptions}{f' at severity {severities}' if results.corruptions else ''}."
    return " ".join(filter(None, (text, describe_failures(results))))


def describe_failures(results: Results) -> str:
    """How many frames could not be read or scored, and the reason of the first; empty without any."""
    failures = results.info.get("failures") or ()
    if not failures:
        return ""
    reason = shorten(f"{failures[0]['id']}: {failures[0]['reason']}", _MAX_REASON, placeholder=" [...]").rstrip(".")
    number = counted(len({failure["id"] for failure in failures}), "frame")
    return f"{number} could not be read or scored ({reason}), see .info['failures']."


def leading_metrics(results: Results) -> list[Metric]:
    """The headline metric of each task that has scores, that of the leading task first."""
    scores = results.scores()
    names = [task.headline_for(results.protocol) for task in reversed(results.tasks)]
    return [
        results.metric(name)
        for name in names
        if name in scores and np.isfinite(scores[name].to_numpy(np.float64)).any()
    ]


def _describe_scores(results: Results) -> str:
    metrics = leading_metrics(results)
    if not metrics:
        return "No scores: the frames have no labels."
    metric = metrics[0]
    table = results.table((metric.name,))[metric.name]
    models = results.models[:MAX_MODELS]
    rows = [row for row in ((CLEAN, CLEAN), _MEAN) if row in table.index]
    values = [f"{model} {' -> '.join(f'{table.loc[row, model]:.1f}' for row in rows)}" for model in models]
    rest = f" and {len(results.models) - MAX_MODELS} more" if len(results.models) > MAX_MODELS else ""
    conditions = "clean -> mean of corruptions" if len(rows) == 2 else "clean"
    unit = f", {metric.unit}" if metric.unit else ""
    return f"{metric.label} ({conditions}{unit}): {', '.join(values)}{rest}."


def _named(names: Sequence[str]) -> str:
    """``a, b and 3 more``."""
    text = ", ".join(names[:_MAX_NAMED])
    return f"{text} and {len(names) - _MAX_NAMED} more" if len(names) > _MAX_NAMED else text
