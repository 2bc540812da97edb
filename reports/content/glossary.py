"""What the words of the report mean."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .metrics import heading, metric, metrics_present

if TYPE_CHECKING:
    from robustbench_endo.results import Results

_TERMS = {
    "Clean": "The frames as they were recorded, resized to the resolution of the suite and otherwise untouched.",
    "Corruption": "One way in which a surgical picture goes bad. The same frame, corruption, severity and seed give "
    "the same picture on every machine.",
    "Severity": "Strength of a corruption, 1 (weak) to 5 (strong); its physical parameters are listed in this report. "
    "0 stands for clean.",
    "Mean": "A corruption's number is the mean over its severities. The mean of a group is the mean of its "
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
    "paper": "Paper protocol: resolution, severities and metric definitions as the authors of EndoARSS used them, "
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
