"""Provenance: the content of run.json in reading order, notes, and the glossary of a report."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from robustbench_endo.reports.data.metrics import heading, metrics_present
from robustbench_endo.reports.data.tables import BELOW_FLOOR, DAGGER
from robustbench_endo.reports.formatting import MISSING, number, title
from robustbench_endo.results.integrity import FILES
from robustbench_endo.results.schema import CLEAN

if TYPE_CHECKING:
    from robustbench_endo.results import Results


Facts = list[tuple[str, str]]

_SECTIONS = ("suite", "data", "timings", "versions")

_ELSEWHERE = {*_SECTIONS, "models", "corruptions", "failures", "notes", "identity"}
"""Keys that have their own part of the report; ``identity`` repeats others for resuming a run."""

_UTC = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[.\d]*\+00:00")

_FIRST = ("name", "protocol", "seed", "replicates", "severities", "command", "commit", "created", "finished")


@dataclass(frozen=True)
class CorruptionFacts:
    """A corruption of the run.

    Attributes:
        label, category: as printed.
        cause, citation: as the suite declares them.
        parameters: (name with unit, value at each of the severities).
    """

    label: str
    category: str
    cause: str
    citation: str
    parameters: list[tuple[str, list[str]]]


def provenance(results: Results) -> list[tuple[str, Facts]]:
    """Sections of (label, value): the run, its suite, its data, timings, versions; all of run.json but images."""
    info = {key: _without_images(value) if key == FILES else value for key, value in results.info.items()}
    rest = [key for key in info if key not in (*_FIRST, *_ELSEWHERE)]
    nested = [key for key in (*_SECTIONS, *rest) if isinstance(info.get(key), Mapping)]
    plain = [*(key for key in _FIRST if key in info), *(key for key in rest if key not in nested)]
    run = [(_label(key), _time(as_text(info[key]))) for key in plain]
    return [("Run", run), *((_label(key), _facts(key, info[key])) for key in nested)]


def _without_images(files: Mapping[str, str]) -> dict[str, str]:
    """Checksums by file; those of the hundreds of images in folders are only counted."""
    images = sum("/" in name for name in files)
    counted = {"images": f"{images}, their checksums are in run.json"} if images else {}
    return {name: checksum for name, checksum in files.items() if "/" not in name} | counted


def model_facts(results: Results) -> list[Facts]:
    """Facts of each model, in the order of the run."""
    models = results.info["models"]
    return [[(_label(key), _model_fact(key, value)) for key, value in entry.items()] for entry in models]


def corruption_facts(results: Results) -> list[CorruptionFacts]:
    """Cause, citation and severities of each corruption."""
    return [
        CorruptionFacts(
            title(entry["name"]),
            title(entry["category"]),
            entry.get("cause", ""),
            entry.get("citation", ""),
            _parameters(entry.get("severities", []), entry.get("units", {})),
        )
        for entry in results.info["corruptions"]
    ]


def failures(results: Results) -> Facts:
    """(frame, why it was excluded)."""
    return [(as_text(entry.get("id")), as_text(entry.get("reason"))) for entry in results.info.get("failures", [])]


def notes(results: Results) -> list[str]:
    """The notes of the run and of its data, and the conditions without records."""
    stored = [*results.info.get("notes", []), *results.info.get("data", {}).get("notes", [])]
    return [str(note) for note in stored] + _missing(results) + _implausible(results)


def _implausible(results: Results) -> list[str]:
    """A sentence for each corruption with severities that clinicians do not call plausible."""
    sentences = []
    solved = {
        item["name"]: item["severity"] for item in results.info.get("target_distortion", {}).get("corruptions", [])
    }
    for entry in results.info["corruptions"]:
        if limits := entry.get("plausible"):
            severities = [solved[entry["name"]]] if entry["name"] in solved else results.severities
            beyond = [severity for severity in severities if not limits[0] <= severity <= limits[1]]
            if beyond:
                sentences.append(
                    f"{title(entry['name'])}: severity {', '.join(map(str, beyond))} is outside the range that "
                    f"clinicians rate plausible ({limits[0]} to {limits[1]})."
                )
    return sentences


def as_text(value: Any) -> str:
    """A value of run.json as text."""
    if value is None or value == "" or value == []:
        return MISSING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}".replace(",", "\u202f") if abs(value) >= 10_000 else str(value)
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {as_text(entry)}" for key, entry in value.items() if entry is not None)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(as_text(entry) for entry in value)
    return str(value)


def _model_fact(key: str, value: Any) -> str:
    if key == "trained_on":
        return ", ".join(title(str(name)) for name in value) if value else "no corruption"
    return as_text(value)


def _facts(section: str, entries: Mapping[str, Any]) -> Facts:
    if section == "timings":
        return [(_timing_label(key), f"{number(float(value))} s") for key, value in entries.items()]
    if section == "versions":
        return [(key, str(value)) for key, value in entries.items()]
    return [(_label(key), as_text(value)) for key, value in entries.items() if key != "notes" and value is not None]


def _timing_label(key: str) -> str:
    """Phases run in several threads at a time, so that their sum may exceed the total."""
    return "Total (elapsed)" if key == "total" else f"{_label(key)} (summed over threads)"


def _time(text: str) -> str:
    """An ISO time for readers; any other text as it is."""
    return f"{text[:10]} {text[11:19]} UTC" if _UTC.fullmatch(text) else text


def _label(key: str) -> str:
    return "Weights SHA-256" if key == "weights_sha256" else title(key)


def _parameters(severities: Sequence[Mapping[str, Any]], units: Mapping[str, str]) -> list[tuple[str, list[str]]]:
    names = list(dict.fromkeys(name for entry in severities for name in entry))
    return [
        (
            f"{name.replace('_', ' ')} ({units[name]})" if units.get(name) else name.replace("_", " "),
            [as_text(entry.get(name)) for entry in severities],
        )
        for name in names
    ]


def _missing(results: Results) -> list[str]:
    scores = results.scores()
    present = set(zip(scores["model"], scores["corruption"], scores["severity"], strict=True))
    conditions = [(CLEAN, 0), *((name, severity) for name in results.corruptions for severity in results.severities)]
    missing = [
        f"{model}: {title(name)}{f' at severity {severity}' if severity else ''}"
        for model in results.models
        for name, severity in conditions
        if (model, name, severity) not in present
    ]
    if not missing:
        return []
    more = f" and {len(missing) - 10} more" if len(missing) > 10 else ""
    return [f"Conditions without records, excluded from every mean: {'; '.join(missing[:10])}{more}."]


_TERMS = {
    "Clean": "The frames as they were recorded, resized to the resolution of the suite and otherwise unchanged.",
    "Corruption": "One kind of image degradation. The same frame, corruption, severity and seed give the same image on "
    "every machine.",
    "Severity": "Strength of a corruption, 1 (weak) to 5 (strong); its physical parameters are listed in this report. "
    "0 is clean.",
    "Mean": "The number of a corruption is the mean over its severities. The mean of a category is the mean of its "
    "corruptions, and the mean of all weighs every corruption equally; clean is not part of any mean.",
    "Silent failure": "A wrong prediction with a confidence within the clean-data range of the model: above the 10th "
    "percentile of its own confidence on clean frames. Not defined where many clean frames share that confidence.",
    "Safe operating range": "For each corruption the strongest severity at which, and below which, the worst-case "
    "confidence bound clears a threshold and every frame has a valid prediction; with one subject, which has no bound, "
    "the number itself.",
    "Distortion": "1 - image SSIM between the clean and the corrupted frame, mean over the frames of the run.",
    "Floor": "The score of a predictor that sees no image: background everywhere for masks, the most frequent label, "
    "or its frequencies for probabilities. What a model retains under corruption is counted above it.",
    BELOW_FLOOR: "The number is worse than the floor.",
    DAGGER: "The model was trained on this corruption: its number does not measure robustness. The held-out mean is "
    "over the corruptions that no model of the run was trained on.",
    MISSING: "No number: the task, the label or the condition is missing. It never stands for zero and enters no mean.",
}

_INTERVALS = {
    "± and interval": "Half the width of an interval, which need not be symmetric around the number: its ends are "
    "shown in the HTML report when the pointer rests on a cell. Everything is computed again without each patient or "
    "sequence; how much that changes the number sets the width (jackknife, Student's t). The interval shows how far "
    "other patients of the same kind would change the number, not how other hospitals would. A run of one patient has "
    "no intervals.",
}

_PROTOCOLS = {
    "standard": "Standard protocol: the definitions of the glossary, evaluated at the resolution of the suite. Not "
    "comparable with numbers of the protocol endoarss.",
    "endoarss": "Protocol endoarss: resolution, severities and metric definitions of the authors of EndoARSS, only for "
    "comparison with their tables.",
}


def glossary(results: Results, *, intervals: bool = False) -> list[tuple[str, str]]:
    """(term, meaning): the terms of the tables, then every metric of this run."""
    metrics = [results.metric(name) for name in metrics_present(results)]
    return [
        *_TERMS.items(),
        *(_INTERVALS.items() if intervals else ()),
        *(
            (heading(metric), f"{metric.description} {_direction(metric.higher_is_better)}".strip())
            for metric in metrics
        ),
    ]


def protocol_statement(protocol: str) -> str:
    """What the protocol means for the numbers."""
    return _PROTOCOLS.get(protocol, f"Protocol: {protocol or 'not recorded'}.")


def _direction(higher_is_better: bool | None) -> str:
    return {True: "Higher is better.", False: "Lower is better.", None: ""}[higher_is_better]
