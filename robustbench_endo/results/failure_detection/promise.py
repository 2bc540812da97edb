"""``results.promise``: whether prediction sets calibrated on clean frames keep their promise under corruption."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from robustbench_endo.errors import RunError
from robustbench_endo.metrics.aggregation import Floats, mean_of_present
from robustbench_endo.metrics.prediction_sets import set_columns
from robustbench_endo.results.estimates import Estimate, ScoreArray, ScoreResult
from robustbench_endo.results.failure_detection.scores import ALL
from robustbench_endo.results.resampling import Resampling, counted
from robustbench_endo.results.schema import CLEAN, IMAGE_CHECKSUM
from robustbench_endo.tasks.base import Task

if TYPE_CHECKING:
    from robustbench_endo.results.results import Results

Verdict = Literal["shown", "not shown", "broken", "void"]
"""``shown``: the interval of the risk is at most alpha; ``broken``: it is above alpha; ``not shown``: neither, or there
is no interval; ``void``: frames of the calibration are among those of the run."""


def promise(results: Results, confidence: float = 0.95) -> pd.DataFrame:
    """The risk of the prediction sets of calibrated models by corruption and severity, against their promise.

    The risk is the mean over patients of each one's mean loss (missed foreground pixels of a frame, or a label outside
    of its set), or the mean over frames where the calibration is for independent frames. On clean frames it is near
    alpha by construction: sets are as small as the promise allows. That it is *shown* needs an interval below alpha.

    Args:
        results: a run with ``calibration``.
        confidence: level of the intervals.

    Returns:
        Columns ``model``, ``task``, ``corruption`` (``all``: the mean over corruptions), ``severity`` (0 is clean),
        ``risk``, ``low``, ``high``, ``alpha`` (all in percent), ``set_size``, ``verdict``; see ``Verdict``.
        ``.attrs["warning"]`` names void promises, ``.attrs["intervals"]`` what the intervals rest on.

    Raises:
        RunError: a run without calibration.
    """
    calibrations: Mapping[str, Any] = results.info.get("calibrations", {})
    if not calibrations:
        raise RunError(
            "Expected a run with calibrated models, got none: evaluate with --calibration FILE, which robust-endo "
            "calibrate-confidence writes."
        )
    tables, statements, warnings = [], [], []
    for unit in dict.fromkeys(entry["unit"] for entry in calibrations.values()):
        resampling = Resampling(confidence=confidence, unit=unit)
        models = [name for name in results.models if calibrations.get(name, {}).get("unit") == unit]
        tables += [_task_table(results, task, models, resampling) for task in reversed(results.tasks)]
        units = results.units(resampling)
        statements.append(units.statement)
        warnings.append(units.warning)
    table = pd.concat([part for part in tables if len(part)], ignore_index=True)
    table["verdict"] = _verdicts(table)
    warnings += _mark_void(table, results, calibrations)
    table.attrs |= {"intervals": " ".join(statements), "warning": " ".join(text for text in warnings if text)}
    return table


def _mark_void(table: pd.DataFrame, results: Results, calibrations: Mapping[str, Any]) -> list[str]:
    """Set the verdicts of models that were calibrated on frames of the run; a warning for each."""
    warnings = []
    for model in results.models:
        if shared := _shared_frames(results, calibrations.get(model, {})):
            table.loc[table["model"] == model, "verdict"] = "void"
            warnings.append(
                f"The promise of {model} is void: {counted(shared, 'frame')} of the run are among those that it was "
                "calibrated on."
            )
    return warnings


def breaking_severities(table: pd.DataFrame) -> pd.DataFrame:
    """From which severity the promises of :func:`promise` are no longer shown, and from which they are broken.

    Returns:
        One row per model, task and corruption (``all`` included), with ``alpha``, ``not_shown_from`` and
        ``broken_from``: the first such severity, 0 for clean frames, NaN for none.
    """
    corrupted = table[table["corruption"] != CLEAN]
    clean = table[table["corruption"] == CLEAN].set_index(["model", "task"])["verdict"]
    rows = []
    for (model, task, corruption), part in corrupted.groupby(["model", "task", "corruption"], sort=False):
        verdicts = [(0.0, clean[model, task]), *part[["severity", "verdict"]].itertuples(index=False)]
        first = {
            name: min((severity for severity, verdict in verdicts if verdict in kinds), default=np.nan)
            for name, kinds in {"not_shown_from": ("not shown", "broken"), "broken_from": ("broken",)}.items()
        }
        rows.append({"model": model, "task": task, "corruption": corruption, "alpha": part["alpha"].iloc[0], **first})
    return pd.DataFrame(rows)


def _task_table(results: Results, task: Task, models: list[str], resampling: Resampling) -> pd.DataFrame:
    calibrated = [name for name in models if task.name in results.info["calibrations"][name]["tasks"]]
    if not calibrated:
        return pd.DataFrame()
    loss, size = (scores for _, scores in results.estimator(resampling).results(list(set_columns(task))))
    conditions = _conditions(results)
    risks, sizes = (_estimates(scores, results) for scores in (loss, size))
    rows = []
    for model in calibrated:
        index = results.models.index(model)
        alpha = 100 * float(results.info["calibrations"][model]["alpha"])
        for position, (corruption, severity) in enumerate(conditions):
            low, risk, high = (float(part[index, position]) for part in (risks.low, risks.value, risks.high))
            if not task.has_label_map:  # the records have what is covered
                low, risk, high = 100 - high, 100 - risk, 100 - low
            keys = {"model": model, "task": task.name, "corruption": corruption, "severity": severity}
            numbers = {"risk": risk, "low": low, "high": high, "alpha": alpha}
            rows.append({**keys, **numbers, "set_size": float(sizes.value[index, position])})
    return pd.DataFrame(rows)


def _conditions(results: Results) -> list[tuple[str, float]]:
    if not results.corruptions:
        return [(CLEAN, 0.0)]
    names = [ALL, *results.corruptions]
    return [(CLEAN, 0.0), *((name, float(severity)) for name in names for severity in results.severities)]


def _estimates(scores: ScoreResult, results: Results) -> Estimate:
    """Means over units at clean, then all corruptions and each of them by severity, (models, conditions)."""

    def arranged(array: ScoreArray) -> Floats:
        clean = array.clean[:, :, None]
        if not results.corruptions:
            return clean
        together = mean_of_present(array.corrupted, 2)
        each = array.corrupted.reshape(*array.corrupted.shape[:2], -1)
        return np.concatenate((clean, together, each), axis=2)

    return scores.estimate_by_subject(arranged)


def _verdicts(table: pd.DataFrame) -> list[Verdict]:
    verdicts: list[Verdict] = []
    for low, high, alpha in table[["low", "high", "alpha"]].itertuples(index=False):
        verdicts.append("broken" if low > alpha else "shown" if high <= alpha else "not shown")
    return verdicts


def _shared_frames(results: Results, calibration: Mapping[str, Any]) -> int:
    """Clean images of the run with the pixels of an image of the calibration."""
    known = set(calibration.get("data", {}).get("image_checksums", ()))
    clean = results.frame.loc[results.frame["corruption"] == CLEAN, IMAGE_CHECKSUM].unique()
    return sum(f"{int(checksum) & (1 << 64) - 1:016x}" in known for checksum in clean)
