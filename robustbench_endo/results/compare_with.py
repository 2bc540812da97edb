"""``results.compare``: a run compared with another one, or with one of its models."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from robustbench_endo.errors import RobustEndoError, UnknownNameError
from robustbench_endo.results.resampling import Resampling

if TYPE_CHECKING:
    from robustbench_endo.results.comparison import Comparison
    from robustbench_endo.results.results import Results


def compare_with(
    results: Results,
    other: Results | str | Path | None = None,
    metric: str | Sequence[str] | None = None,
    baseline: str | None = None,
    resampling: Resampling | None = None,
) -> Comparison:
    """Compare models on the same frames, as ``robust-endo compare`` does: paired differences, p-values, ranks.

    Args:
        results: the run.
        other: another run or its folder, whose models are added; the name of a model, which is compared with the
            baseline only; None for the models of this run.
        metric: name or names of metrics; None for one per task that has scores.
        baseline: the model that the others are compared with; None for the first of this run.
        resampling: settings of intervals and tests; None for the defaults.

    Returns:
        The comparison; ``differences``, ``pairs`` and ``ranks`` are tables.

    Raises:
        RunError: a run of other images or another protocol; the message says what differs.
        UnknownNameError: a model that the runs do not have.
        RobustEndoError: fewer than two models, or a metric that the runs lack or that has no direction.
    """
    from robustbench_endo.results.comparison import compare

    if resampling is not None and not isinstance(resampling, Resampling):
        raise RobustEndoError(
            f"Expected resampling to be a Resampling, got {resampling!r}: write Resampling(confidence=0.9)."
        )
    runs = [results]
    if isinstance(other, str) and other in results.methods:
        baseline = baseline or next((name for name in results.methods if name != other), other)
        runs = [_of_methods(results, (baseline, other))]
    elif other is not None:
        runs.append(_run(results, other))
    names = [metric] if isinstance(metric, str) else metric
    return compare(runs, _with_scores(results) if names is None else names, baseline, resampling)


def _run(results: Results, other: object) -> Results:
    from robustbench_endo.results.io import load_results

    if isinstance(other, type(results)):
        return other
    if isinstance(other, Path) or (isinstance(other, str) and Path(other).exists()):
        return load_results(other)
    text = f"a run, its folder, or one of the models {', '.join(results.methods)}"
    if isinstance(other, str):
        raise UnknownNameError(f"Expected other to be {text}, got {other!r}: correct the name.")
    raise RobustEndoError(f"Expected other to be {text}, got {type(other).__name__}: pass rb.load_results(folder).")


def _of_methods(results: Results, names: Sequence[str]) -> Results:
    """The run with only some of its methods."""
    for name in names:
        if name not in results.methods:
            raise UnknownNameError(
                f"Expected a model of the runs to compare with, got {name!r}: choose from {', '.join(results.methods)}."
            )
    models = {model for name in names for model in results.methods[name]}
    entries = [entry for entry in results.info["models"] if entry["name"] in models]
    frame = results.frame[results.frame["model"].isin(models)]
    return replace(results, frame=frame, info={**results.info, "models": entries})


def _with_scores(results: Results) -> list[str]:
    """The headline metrics that have scores, else all of them."""
    scores = results.scores()
    return [name for name in results.headlines if np.isfinite(scores[name].to_numpy(np.float64)).any()] or list(
        results.headlines
    )
