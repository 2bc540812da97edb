"""An evidence pack: its content as data, and its files. The same run and inputs give the same bytes."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import pandas as pd

from robustbench_endo.errors import RobustEndoError, unknown_name
from robustbench_endo.evidence.cards import data_card, model_card
from robustbench_endo.evidence.coverage import Gap, gaps, is_traced
from robustbench_endo.evidence.fingerprint import DEFINITION
from robustbench_endo.evidence.hazards import Hazard, corruption_names, parse_hazards
from robustbench_endo.evidence.page import html_page, markdown_page
from robustbench_endo.evidence.traceability import Gates, TraceRow, run_gates, trace
from robustbench_endo.evidence.validation import as_json, describe_run_environment, own_tests, run_checks
from robustbench_endo.gate import Plan
from robustbench_endo.results.csv_text import csv_text
from robustbench_endo.results.results import Results

FORMAT = 1
CONTENT_FILE, TABLE_FILE, GAPS_FILE, MANIFEST_FILE = (
    "evidence.json",
    "traceability.csv",
    "not_covered.csv",
    "manifest.json",
)
HAZARDS_FILE, PLAN_FILE = "hazards.csv", "acceptance.toml"
MARKDOWN_FILE, HTML_FILE, DATA_CARD = "evidence.md", "evidence.html", "data_card.md"

STATEMENT = (
    "This pack is evidence from a test under simulated corruptions. It is no certification and no risk assessment: "
    "whether the evidence suffices is decided by those who are responsible for the device."
)
CLAUSES: tuple[tuple[str, str], ...] = (
    ("ISO 14971, risk management file", "supports the traceability from hazards to results of tests"),
    ("IEC 62304 and draft IEC 63450, test evidence", "supports records of tests with their data, tools and versions"),
    ("FDA guidance on AI-enabled device software functions", "supports criteria that were specified before the test"),
    ("EU AI Act, Article 15", "supports statements on accuracy and robustness"),
)
"""Where such evidence is usually filed -> what it supports there. Pointers only: requirements are in the documents."""


@dataclass(frozen=True)
class Inputs:
    """What a pack is written from, besides the run.

    Attributes:
        hazards: content of the file of hazards.
        plan: of the gate; None without ``--plan``.
        baseline: the run that margins refer to.
        test_log: content of a log of the package's tests; None for the self-test.
        test_log_name: its file name.
        source: name of the file of hazards, for messages.
    """

    hazards: bytes
    plan: Plan | None = None
    baseline: Results | None = None
    test_log: bytes | None = None
    test_log_name: str = ""
    source: str = HAZARDS_FILE

    @property
    def files(self) -> dict[str, bytes]:
        """The inputs as files of the pack."""
        files = {HAZARDS_FILE: self.hazards}
        if self.plan is not None:
            files[PLAN_FILE] = self.plan.text.encode()
        if self.test_log is not None:
            files[self.log_file] = self.test_log
        return files

    @property
    def log_file(self) -> str:
        """Name of the copy of the log in the pack."""
        return "tests.xml" if (self.test_log or b"").lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"<") else "tests.log"


@dataclass(frozen=True)
class Pack:
    """The content of an evidence pack.

    Attributes:
        results: the run.
        inputs: what else it is written from.
        installation: versions and machine where it was written.
        replay: checks of frames that were computed again; empty where none were requested.
    """

    results: Results
    inputs: Inputs
    installation: Mapping[str, Any]
    replay: Sequence[Mapping[str, Any]] = ()

    @cached_property
    def hazards(self) -> list[Hazard]:
        """The rows of the file of hazards."""
        return parse_hazards(self.inputs.hazards, self.inputs.source, corruption_names(self.results))

    @cached_property
    def gates(self) -> Gates:
        """The verdicts."""
        return run_gates(self.hazards, self.inputs.hazards, self.results, self.inputs.plan, self.inputs.baseline)

    @cached_property
    def rows(self) -> list[TraceRow]:
        """The traceability table."""
        check_criteria(self.hazards, self.inputs.plan)
        return trace(self.hazards, self.gates, self.results, self.inputs.plan, self.inputs.baseline)

    @cached_property
    def gaps(self) -> list[Gap]:
        """What is not covered."""
        return gaps(self.hazards, self.rows, self.gates, self.results, self.inputs.plan)

    @cached_property
    def content(self) -> dict[str, Any]:
        """The content of evidence.json: strict JSON."""
        traced = sum(is_traced(hazard, self.rows) for hazard in self.hazards)
        verdicts = [row.verdict for row in self.rows]
        inputs = {name: hashlib.sha256(content).hexdigest() for name, content in self.inputs.files.items()}
        content = {
            "format": FORMAT,
            "statement": STATEMENT,
            "run": _describe(self.results),
            "baseline": None if self.inputs.baseline is None else _describe(self.inputs.baseline),
            "inputs": inputs,
            "summary": {
                "hazards": len(self.hazards),
                "traced": traced,
                "not_covered": len(self.hazards) - traced,
                "rows": len(self.rows),
                **{verdict: verdicts.count(verdict) for verdict in ("pass", "fail", "undecided")},
            },
            "hazards": [_hazard(hazard, self.rows) for hazard in self.hazards],
            "traceability": [asdict(row) for row in self.rows],
            "hash_definition": DEFINITION,
            "not_covered": [asdict(gap) for gap in self.gaps],
            "gates": {
                name: None if gate is None else gate.to_json()
                for name, gate in (("plan", self.gates.plan), ("inline", self.gates.inline))
            },
            "validation": self._validation(),
            "clauses": [{"document": document, "supports": text} for document, text in CLAUSES],
        }
        strict: dict[str, Any] = json.loads(json.dumps(_finite(content), allow_nan=False))
        return strict

    def _validation(self) -> dict[str, Any]:
        stored, here = self.results.info.get("versions", {}), self.installation.get("versions", {})
        return {
            "run": describe_run_environment(self.results.info),
            "installation": self.installation,
            "differences": [
                f"{name} {stored[name]} in the run, {version} here"
                for name, version in here.items()
                if stored.get(name, version) != version
            ],
            "tests": own_tests(self.inputs.test_log, self.inputs.test_log_name),
            "verify": as_json(run_checks(self.results)),
            "replay": list(self.replay),
        }

    def files(self) -> dict[str, bytes]:
        """Name -> content of every file; the manifest, which names the SHA-256 of all others, is the last one."""
        files = dict(self.inputs.files)
        files[CONTENT_FILE] = _json(self.content)
        files[TABLE_FILE] = csv_text(table_of(self.content)).encode()
        files[GAPS_FILE] = csv_text(
            pd.DataFrame(self.content["not_covered"], columns=["kind", "item", "reason"])
        ).encode()
        files[MARKDOWN_FILE] = markdown_page(self.content, self.rows).encode()
        files[HTML_FILE] = html_page(self.content, self.rows).encode()
        files[DATA_CARD] = data_card(self.results).encode()
        for name, model in zip(card_names(self.results.models), self.results.models, strict=True):
            files[name] = model_card(self.results, model, self.rows).encode()
        return {**files, MANIFEST_FILE: manifest(files, self.content["run"]["checksum"])}


def manifest(files: Mapping[str, bytes], checksum: str) -> bytes:
    """The content of manifest.json: the run, and the SHA-256 of each file."""
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in sorted(files.items())}
    return _json({"format": FORMAT, "run": checksum, "files": digests})


def table_of(content: Mapping[str, Any]) -> pd.DataFrame:
    """The traceability table as traceability.csv has it: the hazard in words, then the columns of the rows."""
    hazards = {each["id"]: each for each in content["hazards"]}
    rows = [
        {
            "hazard": row["hazard"],
            "description": hazards[row["hazard"]]["text"],
            "harm": hazards[row["hazard"]]["harm"],
            **{name: value for name, value in row.items() if name != "hazard"},
            **{name: " ".join(map(_text, row[name])) for name in ("corruptions", "severities", "columns")},
        }
        for row in content["traceability"]
    ]
    names = ["hazard", "description", "harm", *(field for field in TraceRow.__dataclass_fields__ if field != "hazard")]
    table = pd.DataFrame(rows, columns=names)
    numbers = {name: pd.to_numeric(table[name]) for name in ("value", "low", "high")}
    return table.assign(**numbers)


def card_names(models: Sequence[str]) -> list[str]:
    """The file of the card of each model; letters that are not for file names are hyphens."""
    names = [f"model_card-{re.sub(r'[^A-Za-z0-9_.-]+', '-', model)[:80]}" for model in models]
    return [f"{name}{f'-{index + 1}' if names.count(name) > 1 else ''}.md" for index, name in enumerate(names)]


def check_criteria(hazards: Sequence[Hazard], plan: Plan | None) -> None:
    """Raise an error for the id of a criterion that the plan does not have."""
    known = [criterion.id for criterion in plan.criteria] if plan else []
    for hazard in hazards:
        for criterion in hazard.criteria:
            if isinstance(criterion, str) and plan is None:
                raise RobustEndoError(
                    f"Expected a plan with the criterion {criterion!r} of hazard {hazard.id}, got none: give --plan, "
                    "or write a bound such as dice>=0.7."
                )
            if isinstance(criterion, str) and criterion not in known:
                raise unknown_name("criterion of the plan", criterion, known)


def _describe(results: Results) -> dict[str, Any]:
    info = results.info
    data, suite = info["data"], info["suite"]
    return {
        "name": info.get("name"),
        "checksum": info.get("checksum"),
        "results_sha256": info.get("files", {}).get("results.parquet"),
        "created": info.get("created"),
        "finished": info.get("finished"),
        "protocol": results.protocol,
        "seed": info.get("seed"),
        "suite": {name: suite.get(name) for name in ("name", "version", "hash")},
        "data": {name: data.get(name) for name in ("name", "source", "split", "frames", "subjects", "fingerprint")},
        "models": [{name: model.get(name) for name in ("name", "spec", "weights_sha256")} for model in info["models"]],
        "corruptions": results.corruptions,
        "severities": results.severities,
        "recorded_conditions": results.recorded_conditions,
    }


def _hazard(hazard: Hazard, rows: Sequence[TraceRow]) -> dict[str, Any]:
    return {
        **{name: getattr(hazard, name) for name in ("id", "text", "harm", "note", "corruptions", "severities")},
        "criteria": [str(criterion) for criterion in hazard.criteria],
        "rows": [index for index, row in enumerate(rows) if row.hazard == hazard.id],
    }


def _finite(content: Any) -> Any:
    if isinstance(content, Mapping):
        return {str(name): _finite(value) for name, value in content.items()}
    if isinstance(content, (list, tuple)):
        return [_finite(value) for value in content]
    return None if isinstance(content, float) and not math.isfinite(content) else content


def _text(value: object) -> str:
    return f"{value:g}" if isinstance(value, (int, float)) else str(value)


def _json(content: Mapping[str, Any]) -> bytes:
    return f"{json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False)}\n".encode("utf-8", "surrogatepass")
