"""Several runs as one, when they saw the same pictures and were scored alike."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from robustbench_endo.errors import RunError
from robustbench_endo.results.frame_statistics import invalid_predictions
from robustbench_endo.results.results import Results
from robustbench_endo.results.schema import CLEAN

_SAME = {
    "protocol": ("protocol",),
    "suite": ("suite", "hash"),
    "resolution": ("suite", "resolution"),
    "seed": ("seed",),
    "data": ("data", "fingerprint"),
    "classes": ("data", "classes"),
    "activities": ("data", "activities"),
}
"""What has to be equal for two runs to have scored the same pictures the same way -> where run.json has it."""


def merged(runs: Sequence[Results]) -> Results:
    """The models of several runs side by side, on the corruptions and severities that all of them have.

    A model whose name occurs twice is called ``run/model``.

    Raises:
        RunError: no runs, runs of different pictures or protocols (says what differs), or without a common corruption.
    """
    if not runs:
        raise RunError("Expected at least one run to compare, got none: give run folders.")
    for other in runs[1:]:
        check_comparable(runs[0], other)
    if len(runs) == 1:
        return runs[0]
    names = _names(runs)
    shared = [entry for entry in runs[0].info["corruptions"] if all(entry["name"] in run.corruptions for run in runs)]
    severities = [severity for severity in runs[0].severities if all(severity in run.severities for run in runs)]
    recorded = [
        entry
        for entry in runs[0].info.get("recorded_conditions", [])
        if all(entry["name"] in run.recorded_conditions for run in runs)
    ]
    if not (shared and severities) and not recorded:
        raise RunError(
            "Expected runs with a corruption and a severity in common, got none: evaluate the models on the same."
        )
    kept = {CLEAN, *(entry["name"] for entry in shared)}
    kept_real = {entry["name"] for entry in recorded}
    frames = [_renamed(run, named, kept, severities, kept_real) for run, named in zip(runs, names, strict=True)]
    frame = pd.concat(frames, ignore_index=True)
    models = [
        {**entry, "name": named[entry["name"]]}
        for run, named in zip(runs, names, strict=True)
        for entry in run.info["models"]
    ]
    failures = [entry for run in runs for entry in run.info.get("failures", [])]
    info = {**runs[0].info, "name": " + ".join(_label(run) for run in runs), "models": models, "failures": failures}
    return Results(frame, {**info, "corruptions": shared, "severities": severities, "recorded_conditions": recorded})


def check_comparable(one: Results, other: Results) -> None:
    """Raise :class:`RunError` where two runs did not see the same pictures or were scored differently."""
    differing = [
        f"{name} is {_short(ours)} in {_label(one)} and {_short(theirs)} in {_label(other)}"
        for name, place in _SAME.items()
        if (ours := _at(one.info, place)) != (theirs := _at(other.info, place))
    ]
    if differing:
        raise RunError(
            f"Expected runs of the same pictures and protocol, got that {'; '.join(differing)}: evaluate the models "
            "with the same data, suite, resolution, seed and protocol."
        )


def comparison_key(results: Results) -> str:
    """Equal for runs whose means may stand in one ranking: the same pictures, scored alike, under the same damage."""
    same = {name: _at(results.info, place) for name, place in _SAME.items()}
    damage = {"corruptions": sorted(results.corruptions), "severities": sorted(results.severities)}
    return json.dumps({**same, **damage}, sort_keys=True, default=str)


def common_frames(results: Results) -> tuple[Results, int]:
    """The frames at each condition that every model answered, and how many frame-conditions were left out for that.

    Else a model would gain by giving no answer to what is difficult.
    """
    frame = results.frame
    keys = ["corruption", "severity", "image_id"]
    index = pd.MultiIndex.from_frame(frame[keys])
    answered = frame[~invalid_predictions(frame)]
    complete = answered.groupby(keys, observed=True)["model"].nunique() == frame["model"].nunique()
    kept = index.isin(complete.index[complete])
    return Results(frame[kept], results.info, results.path), int(index[~kept].nunique())


def _names(runs: Sequence[Results]) -> list[dict[str, str]]:
    often = Counter(model for run in runs for model in run.models)
    labels = _labels(runs)
    return [
        {model: model if often[model] == 1 else f"{label}/{model}" for model in run.models}
        for run, label in zip(runs, labels, strict=True)
    ]


def _labels(runs: Sequence[Results]) -> list[str]:
    names = [_label(run) for run in runs]
    if len(set(names)) == len(names):
        return names
    return [f"{name}#{place}" for place, name in enumerate(names, start=1)]


def _label(run: Results) -> str:
    return str(run.info.get("name") or run.path or "a run")


def _renamed(
    run: Results, names: Mapping[str, str], kept: set[str], severities: Sequence[int], recorded: set[str]
) -> pd.DataFrame:
    frame = run.frame
    chosen = (frame["corruption"].isin(kept) & frame["severity"].isin([0, *severities])) | frame["corruption"].isin(
        recorded
    )
    return frame[chosen].assign(model=frame.loc[chosen, "model"].map(names))


def _at(info: Mapping[str, Any], place: tuple[str, ...]) -> Any:
    found: Any = info
    for key in place:
        found = found.get(key) if isinstance(found, Mapping) else None
    return found


def _short(value: object) -> str:
    text = str(value)
    return repr(text if len(text) <= 24 else f"{text[:16]}...")
