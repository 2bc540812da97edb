"""What limits the intervals of a run besides its number of subjects."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from robustbench_endo.results.schema import CLEAN
from robustbench_endo.tasks.base import Task

if TYPE_CHECKING:
    from robustbench_endo.results.results import Results

FEWEST = 3
"""Subjects that have to show a label: with fewer, intervals of means over labels cover too rarely
(benchmarks/interval_coverage.py)."""

_MAX_NAMED = 4


def subject_note(results: Results) -> str:
    """Where the subjects come from if the data give none, and labels that too few of them show; empty for neither."""
    notes = (results.info.get("data", {}).get("subject_note"), _rare_labels_note(results))
    return " ".join(note for note in notes if note)


def _rare_labels_note(results: Results) -> str:
    frame, subjects = results.frame, results.frame["subject_id"].nunique()
    if subjects < FEWEST:
        return ""
    rare = [text for task in results.tasks for text in _rare_labels(frame, task, results.labels[task.name], subjects)]
    if not rare:
        return ""
    names = ", ".join(rare[:_MAX_NAMED]) + (f" and {len(rare) - _MAX_NAMED} more" if len(rare) > _MAX_NAMED else "")
    return (
        f"Shown by fewer than {FEWEST} subjects: {names}. Intervals of means over labels cannot include how these "
        "labels vary between patients; the mean over subjects is not affected."
    )


def _rare_labels(frame: pd.DataFrame, task: Task, labels: Sequence[str], subjects: int) -> list[str]:
    clean = frame[frame["corruption"] == CLEAN]
    present = task.labels_shown(clean, len(labels))
    by_subject = pd.DataFrame(present).groupby(clean["subject_id"].to_numpy()).any().to_numpy()
    counts = by_subject.sum(axis=0) if len(by_subject) else np.zeros(len(labels), int)
    return [
        f"{labels[i]} ({counts[i]} of {subjects})" for i in np.flatnonzero((counts > 0) & (counts < FEWEST)).tolist()
    ]
