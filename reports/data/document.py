"""What a report says about itself: intended use, data, limitations, and an id to sign."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from robustbench_endo.gate.report import load_gate
from robustbench_endo.reports.data.limitations import limitations
from robustbench_endo.reports.data.provenance import Facts, as_text
from robustbench_endo.reports.formatting import counted, joined
from robustbench_endo.results.integrity import CHECKSUM, content_sha256
from robustbench_endo.results.resampling import Resampling

if TYPE_CHECKING:
    from robustbench_endo.results import Results

INTENDED_USE = "Intended use:"
"""A note of the run that begins with it states the intended use."""

_BLOCK, _LENGTH = 4, 24


@dataclass(frozen=True)
class Document:
    """What a report says about itself.

    Attributes:
        id: the same for the same records, settings, gate and intended use; another for any other. It does not depend
            on the format or the page size of the report.
        intended_use: of the test, as the user stated it; empty where nobody did.
        facts: (label, value): data, frames, conditions and settings in a few lines.
        limitations: sentences that are true of this run.
    """

    id: str
    intended_use: str
    facts: Facts
    limitations: tuple[str, ...]


def document(results: Results, intervals: bool | Resampling, intended_use: str, warning: str) -> Document:
    """Describe the report of a run.

    Args:
        results: the run.
        intervals: as requested for the report.
        intended_use: of the test; empty to look for a note of the run that begins with :data:`INTENDED_USE`.
        warning: of the intervals.
    """
    use = " ".join((intended_use or _noted_use(results.info.get("notes", ()))).split())
    return Document(_id(results, intervals, use), use, _facts(results), tuple(limitations(results, warning)))


def _noted_use(notes: Sequence[str]) -> str:
    marked = (str(note).strip() for note in notes)
    return next((note[len(INTENDED_USE) :] for note in marked if note.lower().startswith(INTENDED_USE.lower())), "")


def _id(results: Results, intervals: bool | Resampling, use: str) -> str:
    settings = asdict(intervals) if isinstance(intervals, Resampling) else bool(intervals)
    gate = None if results.path is None else load_gate(results.path)
    content = {
        "run": results.info.get(CHECKSUM) or _content(results),
        "intervals": settings,
        "intended_use": use,
        "gate": None if gate is None else gate.to_json(),
    }
    digits = content_sha256(content)[:_LENGTH].upper()
    return "-".join(digits[start : start + _BLOCK] for start in range(0, _LENGTH, _BLOCK))


def _content(results: Results) -> str:
    """SHA-256 of a run that is in no folder."""
    digest = hashlib.sha256(pd.util.hash_pandas_object(results.frame, index=False).to_numpy().tobytes())
    digest.update(as_text(results.info).encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def _facts(results: Results) -> Facts:
    info = results.info
    data, suite = info.get("data", {}), info.get("suite", {})
    frame = results.frame
    sample = f"{counted(frame['image_id'].nunique(), 'frame')} of {counted(frame['subject_id'].nunique(), 'subject')}"
    split = f", split {data['split']}" if data.get("split") else ""
    facts = [
        ("Run", _named(info, "name", "finished")),
        ("Data", f"{data.get('name', '–')}{split}: {sample}"),
        ("Data fingerprint", as_text(data.get("fingerprint"))),
        ("Subjects from", _subjects(data)),
        ("Corruptions", _conditions(results)),
        ("Suite", _suite(suite)),
        ("Settings", _settings(info)),
        ("Models", joined(results.models)),
        ("Commit", as_text(info.get("commit"))),
    ]
    return [(label, text) for label, text in facts if text and text != "–"]


def _named(info: Mapping[str, Any], *keys: str) -> str:
    return ", ".join(str(info[key]) for key in keys if info.get(key))


def _subjects(data: Mapping[str, Any]) -> str:
    source = str(data.get("subject_source", ""))
    return {"none": "no names: all frames are one subject", "layout": "layout of the data"}.get(source, source)


def _conditions(results: Results) -> str:
    if not results.corruptions:
        return "none"
    severities = ", ".join(map(str, results.severities))
    return f"{len(results.corruptions)} at severities {severities}"


def _suite(suite: Mapping[str, Any]) -> str:
    version = f" version {suite['version']}" if suite.get("version") else ""
    digest = f", hash {str(suite['hash'])[:16]}" if suite.get("hash") else ""
    return f"{suite.get('name', '–')}{version}{digest}"


def _settings(info: Mapping[str, Any]) -> str:
    parts = [
        f"protocol {info.get('protocol', 'standard')}",
        f"seed {info.get('seed', 0)}",
        f"resolution {info['suite']['resolution']} px" if info.get("suite", {}).get("resolution") else "",
        f"precision {info['precision']}" if info.get("precision") else "",
        str(info.get("device", "")),
    ]
    return ", ".join(part for part in parts if part)
