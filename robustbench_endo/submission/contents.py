"""What a submission consists of besides the records: the model card, the scores for the hub, the description."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from robustbench_endo.hub.run_card import run_card
from robustbench_endo.results.results import Results
from robustbench_endo.submission.eval_results import eval_result_files

SUBMISSION_FILE = "submission.json"
README = "README.md"

FORMAT = 1
"""Of the folder; a checker reads no other."""

UNSTATED = "not stated"
"""Training data of a model that a submission says nothing about."""

_METADATA = "---\nlibrary_name: robustbench_endo\ntags:\n- robustness\n- surgery\n- endoscopy\n---\n\n"


@dataclass(frozen=True)
class Replay:
    """Which frames were computed again before the submission.

    Attributes:
        frames: their number.
        models: whose predictions were computed again, too.
        reason: why nothing, or not the predictions, could be computed; empty where everything was.
    """

    frames: int = 0
    models: tuple[str, ...] = ()
    reason: str = ""


@dataclass(frozen=True)
class Statement:
    """What the submitter says, which no record shows.

    Attributes:
        dataset: the benchmark on the hub, ``ORG/NAME``; empty for the name of the data.
        training_data: model -> what it was trained on.
    """

    dataset: str = ""
    training_data: Mapping[str, str] = field(default_factory=dict)


def derived_files(results: Results, statement: Statement) -> dict[str, bytes]:
    """The files that follow from the records: path -> content, the same bytes for the same run."""
    data = results.info["data"]
    dataset = statement.dataset or str(data.get("source") or data.get("name") or "")
    return {README: (_METADATA + run_card(results)).encode(), **eval_result_files(results, dataset)}


def describe_run(results: Results) -> dict[str, Any]:
    """The facts of a run that the description repeats: they identify what was evaluated."""
    info = results.info
    return {
        "name": str(info.get("name") or ""),
        "data": str(info["data"].get("fingerprint", "")),
        "suite": str(info["suite"]["hash"]),
        "protocol": results.protocol,
        "seed": info["seed"],
        "severities": list(results.severities),
        "corruptions": list(results.corruptions),
        "frames": int(results.frame["image_id"].nunique()),
        "subjects": int(results.frame["subject_id"].nunique()),
        "models": {entry["name"]: str(entry.get("weights_sha256", "")) for entry in info["models"]},
    }


def as_bytes(content: Mapping[str, Any]) -> bytes:
    """A description as JSON."""
    return (json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()
