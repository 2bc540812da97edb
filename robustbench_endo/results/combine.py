"""Several runs as one, when they used the same images and were scored in the same way."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from robustbench_endo.errors import RunError
from robustbench_endo.results.failures import invalid_predictions
from robustbench_endo.results.results import Results
from robustbench_endo.results.schema import CLEAN, IMAGE_CHECKSUM

_EQUAL = {
    "protocol": ("protocol",),
    "suite": ("suite", "hash"),
    "resolution": ("suite", "resolution"),
    "seed": ("seed",),
    "replicates": ("replicates",),
    "data": ("data", "fingerprint"),
    "tasks": ("tasks",),
    "region": ("region",),
    "metric settings": ("metric_settings",),
}
"""What has to be equal for two runs to be comparable -> its keys in run.json."""


def combine_runs(runs: Sequence[Results]) -> Results:
    """The models of several runs in one, on the corruptions and severities that all of them have.

    A model whose name occurs twice is called ``run/model``, and so are all models of its method.

    Raises:
        RunError: no runs, runs of different images or protocols (the message says what differs), or runs without a
            common corruption.
    """
    if not runs:
        raise RunError("Expected at least one run to compare, got none: give run folders.")
    for other in runs[1:]:
        check_comparable(runs[0], other)
    if len(runs) == 1:
        return runs[0]
    corruptions = _common(runs, "corruptions")
    recorded = _common(runs, "recorded_conditions")
    severities = [severity for severity in runs[0].severities if all(severity in run.severities for run in runs)]
    if not (corruptions and severities) and not recorded:
        raise RunError(
            "Expected runs with a corruption and a severity in common, got none: evaluate the models on the same."
        )
    names = combined_names(runs)
    corruption_names = {CLEAN, *(entry["name"] for entry in corruptions)}
    recorded_names = {entry["name"] for entry in recorded}
    frames = [
        _select(run, by_model, corruption_names, severities, recorded_names)
        for run, by_model in zip(runs, names, strict=True)
    ]
    info = {
        **runs[0].info,
        "name": " + ".join(_label(run) for run in runs),
        "models": [
            _renamed(entry, by_model[entry["name"]])
            for run, by_model in zip(runs, names, strict=True)
            for entry in run.info["models"]
        ],
        "metrics": _common(runs, "metrics"),
        "failures": [entry for run in runs for entry in run.info.get("failures", [])],
        "corruptions": corruptions,
        "severities": severities,
        "recorded_conditions": recorded,
    }
    user_metrics = tuple({metric.name: metric for run in runs for metric in run.user_metrics}.values())
    return Results(pd.concat(frames, ignore_index=True), info, user_metrics=user_metrics)


def check_comparable(one: Results, other: Results) -> None:
    """Raise :class:`RunError` where two runs used different images or were scored differently."""
    differing = [
        _differing_data(one, other)
        if name == "data"
        else f"{name} is {_short(first)} in {_label(one)} and {_short(second)} in {_label(other)}"
        for name, keys in _EQUAL.items()
        if (first := _at(one.info, keys)) != (second := _at(other.info, keys))
    ]
    if differing:
        raise RunError(
            f"Expected runs of the same images and protocol, got that {'; '.join(differing)}: evaluate the models "
            "with the same data, suite, resolution, seed, replicates and protocol."
        )
    _check_same_images(one, other)


def _check_same_images(one: Results, other: Results) -> None:
    """The fingerprint of a data set without one of its own is of ids only, which other images may have as well."""
    first, second = (_clean_images(run) for run in (one, other))
    common = first.index.intersection(second.index)
    if different := list(common[first[common].to_numpy() != second[common].to_numpy()]):
        raise RunError(
            f"Expected runs of the same images and protocol, got another clean image in {_label(other)} than in "
            f"{_label(one)} for {len(different)} of {len(common)} ids, such as {min(different)}: evaluate the models "
            "with the same data."
        )


def _clean_images(run: Results) -> pd.Series:
    """Id -> checksum of its clean image."""
    clean = run.frame[run.frame["corruption"] == CLEAN]
    return clean.drop_duplicates("image_id").set_index("image_id")[IMAGE_CHECKSUM]


def adaptation_warning(runs: Sequence[Results]) -> str:
    """What to know about runs whose models were adapted at test time in different ways; empty where all are alike."""
    described = {_label(run): _adaptation(run.info.get("adaptation")) for run in runs}
    if len(set(described.values())) < 2:
        return ""
    parts = "; ".join(f"{text} in {label}" for label, text in described.items())
    return f"The runs differ in the adaptation of models at test time ({parts}), which is part of every difference."


def _adaptation(settings: Mapping[str, Any] | None) -> str:
    if not settings:
        return "none"
    options = ", ".join(f"{key} {value}" for key, value in settings.items() if key != "method")
    return f"{settings['method']} with {options}"


def _differing_data(one: Results, other: Results) -> str:
    """What differs between the data of two runs: frames, ids, or only their content."""
    runs = (one, other)
    described = [f"{run.frame['image_id'].nunique()} frames of {_data_name(run)} in {_label(run)}" for run in runs]
    first, second = (set(run.frame["image_id"].unique()) for run in (one, other))
    parts = [
        f"{len(only)} ids are only in {_label(run)}, such as {min(only)}"
        for run, only in ((one, first - second), (other, second - first))
        if only
    ]
    if not parts:
        parts = ["the ids are the same, but images, masks, subjects or the label map are not"]
    return f"the data differ: {' and '.join(described)}; {'; '.join(parts)}"


def _data_name(run: Results) -> str:
    return str(_at(run.info, ("data", "name")) or "unnamed data")


def comparison_key(results: Results) -> str:
    """Equal for runs whose means are comparable: the same images, scoring, corruptions and severities."""
    equal = {name: _at(results.info, keys) for name, keys in _EQUAL.items()}
    conditions = {"corruptions": sorted(results.corruptions), "severities": sorted(results.severities)}
    return json.dumps({**equal, **conditions}, sort_keys=True, default=str)


def common_frames(results: Results) -> tuple[Results, int]:
    """The frames at each condition with a valid prediction of every model, and how many frame-conditions are excluded.

    Otherwise a model would gain by giving no prediction for difficult frames.
    """
    frame = results.frame
    keys = ["corruption", "severity", "replicate", "image_id"]
    index = pd.MultiIndex.from_frame(frame[keys])
    valid = frame[~invalid_predictions(frame, results.tasks)]
    complete = valid.groupby(keys, observed=True)["model"].nunique() == frame["model"].nunique()
    common = index.isin(complete.index[complete])
    return replace(results, frame=frame[common]), int(index[~common].nunique())


def _common(runs: Sequence[Results], key: str) -> list[dict[str, Any]]:
    """Entries of the first run whose names all runs have."""
    names = [{entry["name"] for entry in run.info.get(key, ())} for run in runs]
    return [entry for entry in runs[0].info.get(key, ()) if all(entry["name"] in each for each in names)]


def combined_names(runs: Sequence[Results]) -> list[dict[str, str]]:
    """Name of a model in its run -> its name in :func:`combine_runs`, for each run."""
    count = Counter(model for run in runs for model in run.models)
    entries = [entry for run in runs for entry in run.info["models"]]
    # A single model is no further seed of a method of the same name.
    ambiguous = {entry["name"] for entry in entries} & {entry["method"] for entry in entries if "method" in entry}
    return [
        {
            model: f"{label}/{model}" if method in ambiguous or any(count[each] > 1 for each in models) else model
            for method, models in run.methods.items()
            for model in models
        }
        for run, label in zip(runs, _run_labels(runs), strict=True)
    ]


def _renamed(entry: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The entry of a model under another name; its method gets the same prefix."""
    prefix = name.removesuffix(entry["name"])
    method = {"method": f"{prefix}{entry['method']}"} if "method" in entry else {}
    return {**entry, "name": name, **method}


def _run_labels(runs: Sequence[Results]) -> list[str]:
    names = [_label(run) for run in runs]
    if len(set(names)) == len(names):
        return names
    return [f"{name}#{number}" for number, name in enumerate(names, start=1)]


def _label(run: Results) -> str:
    return str(run.info.get("name") or run.path or "a run")


def _select(
    run: Results,
    names: Mapping[str, str],
    corruptions: Collection[str],
    severities: Sequence[float],
    recorded: Collection[str],
) -> pd.DataFrame:
    frame = run.frame
    synthetic = frame["corruption"].isin(corruptions) & frame["severity"].isin([0, *severities])
    selected = synthetic | frame["corruption"].isin(recorded)
    return frame[selected].assign(model=frame.loc[selected, "model"].map(names))


def _at(info: Mapping[str, Any], keys: tuple[str, ...]) -> Any:
    value: Any = info
    for key in keys:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def _short(value: object) -> str:
    text = str(value)
    return repr(text if len(text) <= 24 else f"{text[:16]}...")
