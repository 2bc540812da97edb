"""How many frames and subjects stand behind a number: part of the caption of every table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from robustbench_endo.reports.formatting import counted
from robustbench_endo.results.draws import number_of_draws

if TYPE_CHECKING:
    from robustbench_endo.results import Results


def describe_sample(results: Results) -> str:
    """``40 frames of 1 subject``: the evaluated frames, each of which is scored under every condition."""
    frames, subjects = (results.frame[name].nunique() for name in ("image_id", "subject_id"))
    draws = f", {n_draws} draws" if (n_draws := number_of_draws(results)) > 1 else ""
    return f"{counted(frames, 'frame')} of {counted(subjects, 'subject')}{draws}"
