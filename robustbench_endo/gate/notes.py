"""What has to be known to interpret the verdicts of a gate."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from robustbench_endo.gate.cases import Case
from robustbench_endo.gate.plan import Plan
from robustbench_endo.results.combine import adaptation_warning
from robustbench_endo.results.resampling import counted
from robustbench_endo.results.schema import CLEAN

if TYPE_CHECKING:
    from robustbench_endo.results import Results


def gate_notes(cases: Sequence[Case], plan: Plan, results: Results, baseline: Results | None) -> Iterator[str]:
    """Few subjects, frames that were not used, distances without missed classes, runs that differ in adaptation."""
    if warning := results.units().warning:
        yield warning
    excluded = len({entry["id"] for entry in results.info["failures"]})
    if excluded:
        yield f"{counted(excluded, 'frame')} of the data could not be used and are in no score."
    if baseline is not None and (text := adaptation_warning([results, baseline])):
        yield text
    others = [name for name in results.models if name not in {case.model for case in cases}]
    others = [name for name in others if name != plan.baseline_model]
    if others:
        yield f"Models of the run that were not tested: {', '.join(others)}."
    yield from _frames_left_out(cases, results)


def _frames_left_out(cases: Sequence[Case], results: Results) -> Iterator[str]:
    """Frames on which a metric exists clean but not corrupted, such as a distance to a class that is not predicted."""
    frame, clean = results.frame, (results.frame["corruption"] == CLEAN).to_numpy()
    done = set()
    for case in cases:
        key = case.metric.name, case.model
        values = None if key in done or case.metric.column is None else case.metric.frame_values(frame)
        if values is None:
            continue
        done.add(key)
        model = (frame["model"] == case.model).to_numpy()
        scope = model & frame["corruption"].isin(case.scope.corruptions).to_numpy() & ~clean
        missing = [float(np.isnan(values[rows]).mean()) for rows in (model & clean, scope) if rows.any()]
        if len(missing) == 2 and missing[1] > missing[0]:
            yield (
                f"{case.metric.name} is not defined for {missing[1]:.0%} of the corrupted frames of {case.model} "
                f"({missing[0]:.0%} of the clean ones), which it leaves out: add a criterion on missed_rate."
            )
