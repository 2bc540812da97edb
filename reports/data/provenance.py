"""Where the numbers come from: everything that run.json says, in reading order."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from robustbench_endo.reports.data.metrics import heading, metric, metrics_present
from robustbench_endo.reports.formatting import ABSENT, number, title

if TYPE_CHECKING:
    from robustbench_endo.results import Results


Facts = list[tuple[str, str]]

_SECTIONS = ("suite", "data", "timings", "versions")

_APART = {*_SECTIONS, "models", "corruptions", "failures", "notes"}

_UTC = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[.\d]*\+00:00")

_FIRST = ("name", "protocol", "seed", "severities", "command", "commit", "created", "finished")


@dataclass(frozen=True)
class CorruptionFacts:
    """A corruption of the run.

    Attributes:
        label: its printed name; ``cause`` and ``reference`` as the suite gives them.
        parameters: (name with unit, value at each of the severities).
    """

    label: str
    category: str
    cause: str
    reference: str
    parameters: list[tuple[str, list[str]]]


def provenance(results: Results) -> list[tuple[str, Facts]]:
    """Sections of (label, value): the run, its suite, its data, timings, versions; run.json loses nothing."""
    info = results.info
    rest = [key for key in info if key not in (*_FIRST, *_APART)]
    nested = [key for key in (*_SECTIONS, *rest) if isinstance(info.get(key), Mapping)]
    plain = [*(key for key in _FIRST if key in info), *(key for key in rest if key not in nested)]
    run = [(_label(key), _moment(written(info[key]))) for key in plain]
    return [("Run", run), *((_label(key), _facts(key, info[key])) for key in nested)]


def model_facts(results: Results) -> list[Facts]:
    """What is known of each model, in the order of the run."""
    return [[(_label(key), written(value)) for key, value in entry.items()] for entry in results.info["models"]]


def corruption_facts(results: Results) -> list[CorruptionFacts]:
    """Cause, source and severities of each corruption."""
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
    """(frame, why it was left out)."""
    return [(written(entry.get("id")), written(entry.get("reason"))) for entry in results.info.get("failures", [])]


def notes(results: Results) -> list[str]:
    """What the run and its data want to be known, and the conditions without records."""
    own = [*results.info.get("notes", []), *results.info.get("data", {}).get("notes", [])]
    return [str(note) for note in own] + _missing(results)


def written(value: Any) -> str:
    """A value of run.json as text."""
    if value is None or value == "" or value == []:
        return ABSENT
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}".replace(",", "\u202f") if abs(value) >= 10_000 else str(value)
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {written(entry)}" for key, entry in value.items())
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(written(entry) for entry in value)
    return str(value)


def _facts(section: str, entries: Mapping[str, Any]) -> Facts:
    if section == "timings":
        return [(_label(key), f"{number(float(value))} s") for key, value in entries.items()]
    if section == "versions":
        return [(key, str(value)) for key, value in entries.items()]
    return [(_label(key), written(value)) for key, value in entries.items() if key != "notes"]


def _moment(text: str) -> str:
    """An ISO time for readers; any other text as it is."""
    return f"{text[:10]} {text[11:19]} UTC" if _UTC.fullmatch(text) else text


def _label(key: str) -> str:
    return "Weights SHA-256" if key == "weights_sha256" else title(key)


def _parameters(severities: Sequence[Mapping[str, Any]], units: Mapping[str, str]) -> list[tuple[str, list[str]]]:
    names = list(dict.fromkeys(name for entry in severities for name in entry))
    return [
        (
            f"{name.replace('_', ' ')} ({units[name]})" if units.get(name) else name.replace("_", " "),
            [written(entry.get(name)) for entry in severities],
        )
        for name in names
    ]


def _missing(results: Results) -> list[str]:
    scored = results.scores()
    have = set(zip(scored["model"], scored["corruption"], scored["severity"], strict=True))
    conditions = [("clean", 0), *((name, severity) for name in results.corruptions for severity in results.severities)]
    lacking = [
        f"{model}: {title(name)}{f' at severity {severity}' if severity else ''}"
        for model in results.models
        for name, severity in conditions
        if (model, name, severity) not in have
    ]
    if not lacking:
        return []
    more = f" and {len(lacking) - 10} more" if len(lacking) > 10 else ""
    return [f"Conditions without records, left out of every mean: {'; '.join(lacking[:10])}{more}."]


_TERMS = {
    "Clean": "The frames as they were recorded, resized to the resolution of the suite and otherwise untouched.",
    "Corruption": "One way in which a surgical picture goes bad. The same frame, corruption, severity and seed give "
    "the same picture on every machine.",
    "Severity": "Strength of a corruption, 1 (weak) to 5 (strong); its physical parameters are listed in this report. "
    "0 stands for clean.",
    "Mean": "A corruption's number is the mean over its severities. The mean of a category is the mean of its "
    "corruptions, and the mean of all weighs every corruption the same; clean is not part of any mean.",
    "Silent failure": "A wrong answer that the model is as sure of as it usually is on clean frames: its confidence is "
    "above the 10th percentile of its own confidence there.",
    "Safe operating envelope": "For each corruption the strongest severity at which, and below which, the bad end of "
    "the interval clears a threshold and every frame was answered.",
    "Dose": "1 - image SSIM between the clean and the corrupted frame: what a severity did to these very frames.",
    "†": "The model saw this corruption in training: its number there does not count as robustness. The held-out mean "
    "is over the corruptions that no model of the run was trained on.",
    "–": "No number: the task, the mask or the condition is absent. It never stands for zero and enters no mean.",
}

_INTERVALS = {
    "± and interval": "Half the width of a bootstrap interval, which need not lie evenly around the number: its ends "
    "are shown in the HTML report when the pointer rests on a cell. Patients or sequences (or, where there are too "
    "few, single frames) are drawn anew with replacement and everything is computed again. The interval tells how "
    "far other patients of the same kind would move the number, not how other hospitals would.",
}

_PROTOCOLS = {
    "standard": "Standard protocol: the definitions of the glossary, masks compared at the resolution of the suite. "
    "Not to be compared with numbers of the paper protocol.",
    "endoarss": "Paper protocol: resolution, severities and metric definitions as the authors of EndoARSS used them, "
    "for comparison with their tables only.",
}


def glossary(results: Results, *, intervals: bool = False) -> list[tuple[str, str]]:
    """(term, meaning): the words of the table, then every metric of this run."""
    metrics = [metric(name) for name in metrics_present(results)]
    return [
        *_TERMS.items(),
        *(_INTERVALS.items() if intervals else ()),
        *((heading(entry), f"{entry.description} {_direction(entry.higher_is_better)}".strip()) for entry in metrics),
    ]


def protocol_statement(protocol: str) -> str:
    """What the protocol means for the numbers, in words."""
    return _PROTOCOLS.get(protocol, f"Protocol: {protocol or 'not recorded'}.")


def _direction(higher_is_better: bool | None) -> str:
    return {True: "Higher is better.", False: "Lower is better.", None: ""}[higher_is_better]
