"""Whether the records of a run are complete: each model x condition x frame exactly once."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from robustbench_endo.errors import RunError
from robustbench_endo.results.schema import CLEAN
from robustbench_endo.results.severity import severity_codes

if TYPE_CHECKING:
    from robustbench_endo.results.results import Results


def check_complete(results: Results) -> None:
    """Raise :class:`RunError` unless every model has every frame under every condition exactly once.

    Frames that could not be read have no records at all, and recorded conditions may lack frames.
    """
    if problem := incompleteness(results):
        raise RunError(
            f"Expected each frame once per model and condition in {results.path or 'the records'}, got {problem}: "
            "restore the folder, or evaluate again."
        )


def incompleteness(results: Results) -> str:
    """What is missing, occurs twice or does not belong to the run; empty for complete records."""
    frame = results.frame
    conditions = expected_conditions(results)
    model = _codes(frame["model"], results.models)
    condition = _condition_codes(frame, list(conditions))
    for name, codes in (("model", model), ("condition", condition)):
        if (codes < 0).any():
            row = frame.iloc[int(np.argmax(codes < 0))]
            value = row["model"] if name == "model" else f"{row['corruption']} {row['severity']}"
            return f"records of a {name} that run.json does not have, {value}"
    image, ids = pd.factorize(frame["image_id"])
    cells = (model * len(conditions) + condition) * len(ids) + image
    describe = partial(_describe, results, list(conditions), ids)
    once, counts = np.unique(cells, return_counts=True)
    if (counts > 1).any():
        return describe(once[counts > 1], "records that occur twice for")
    needed = ~np.array(list(conditions.values()))
    if int(needed[condition].sum()) < len(results.models) * int(needed.sum()) * len(ids):
        every = np.arange(len(results.models) * len(conditions) * len(ids))
        required = every[needed[every // max(len(ids), 1) % len(conditions)]]
        return describe(np.setdiff1d(required, once), "no records for")
    return _frame_count_problem(results, len(ids))


def expected_conditions(results: Results) -> dict[tuple[str, float, int], bool]:
    """(corruption, severity, draw) of a run -> whether frames may lack it."""
    draws = {
        entry["name"]: int(results.info.get("replicates", 1)) if entry.get("stochastic", True) else 1
        for entry in results.info["corruptions"]
    }
    conditions: dict[tuple[str, float, int], bool] = {(CLEAN, 0, 0): False}
    conditions |= {
        (name, severity, draw): False
        for name in results.corruptions
        for severity in results.severities
        for draw in range(draws[name])
    }
    recorded = results.info.get("recorded_conditions", ())
    return conditions | {(entry["name"], int(entry["severity"]), 0): True for entry in recorded}


def _frame_count_problem(results: Results, frames: int) -> str:
    """Frames of the run are those with records and those listed as unreadable."""
    ids = set(results.frame["image_id"].unique())
    unreadable = {entry["id"] for entry in results.info.get("failures", ())} - ids
    expected = int(results.info["data"].get("frames", frames + len(unreadable)))
    if frames + len(unreadable) != expected:
        return f"records of {frames} frames and {len(unreadable)} unreadable ones instead of {expected} frames"
    return ""


def _codes(column: pd.Series, names: Sequence[str]) -> NDArray[np.int64]:
    return np.asarray(pd.Index(names).get_indexer(column), np.int64)


def _condition_codes(frame: pd.DataFrame, conditions: Sequence[tuple[str, float, int]]) -> NDArray[np.int64]:
    names = list(dict.fromkeys(name for name, _, _ in conditions))
    levels = sorted({level for _, level, _ in conditions})
    severity, draw = severity_codes(levels, frame["severity"].to_numpy()), frame["replicate"].to_numpy(np.int64)
    size = (len(names) + 1, len(levels), 1 + max(each[2] for each in conditions))
    codes = np.full(size, -1, np.int64)
    for code, (name, level, replicate) in enumerate(conditions):
        codes[names.index(name), levels.index(level), replicate] = code
    corruption = _codes(frame["corruption"], names)  # -1 for others: the last row of the codes
    inside = (severity >= 0) & (draw >= 0) & (draw < size[2])
    return np.where(inside, codes[corruption, np.where(inside, severity, 0), np.where(inside, draw, 0)], -1)


def _describe(
    results: Results,
    conditions: Sequence[tuple[str, float, int]],
    ids: pd.Index | NDArray[np.object_],
    cells: NDArray[np.int64],
    text: str,
) -> str:
    rest, image = divmod(int(cells[0]), len(ids))
    model, condition = divmod(rest, len(conditions))
    name, severity, draw = conditions[condition]
    at = f"{name} {severity} draw {draw + 1}" if draw else f"{name} {severity}"
    return (
        f"{text} {len(cells)} of the models x conditions x frames, the first: {results.models[model]}, {at}, "
        f"{ids[image]}"
    )
