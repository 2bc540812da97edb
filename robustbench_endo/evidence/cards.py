"""Model card and data card of an evidence pack, in the format of the Hugging Face hub; unknown facts are named."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from robustbench_endo.evidence.traceability import TraceRow
from robustbench_endo.hub.failures import import_hub
from robustbench_endo.hub.run_card import LIMITS, card_metadata, markdown_cell, score_section
from robustbench_endo.results.floors import truth_records
from robustbench_endo.results.results import Results
from robustbench_endo.results.schema import CLEAN
from robustbench_endo.tasks.base import Task
from robustbench_endo.tasks.classification.task import Classification
from robustbench_endo.tasks.segmentation.metrics import count_columns

NOT_STATED = "not stated"

_TASK_CATEGORIES = {"segmentation": "image-segmentation"}
_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"))


def model_card(results: Results, model: str, rows: Sequence[TraceRow]) -> str:
    """The card of a model of a run: metadata with its scores, facts, scores by corruption, criteria, limits.

    Args:
        results: the run.
        model: its name.
        rows: of the traceability table; those of other models are left out.
    """
    entry = next(each for each in results.info["models"] if each["name"] == model)
    lines = [
        f"# Model card: {markdown_cell(model)}",
        "",
        "Written from the run of an evidence pack; numbers are those of its records.",
        *_section("Model", _table(_model_facts(entry))),
        *_section("Evaluation data", _table(_data_facts(results.info))),
        *(line for metric in results.headlines for line in score_section(results, metric, [model])),
        *_section("Acceptance criteria", _criteria([row for row in rows if row.model == model])),
        *_section("Limits", [LIMITS, ""]),
    ]
    return card_metadata(model, results) + "\n".join(lines)


def _section(title: str, lines: Iterable[str]) -> list[str]:
    return ["", f"## {title}", "", *lines]


def _model_facts(entry: Mapping[str, Any]) -> dict[str, str]:
    trained_on = ", ".join(entry.get("trained_on", ()))
    return {
        "source": markdown_cell(str(entry.get("source") or entry.get("spec", ""))) or NOT_STATED,
        "SHA-256 of the weights": str(entry.get("weights_sha256", "")) or NOT_STATED,
        "parameters": f"{entry['parameters']:,}" if entry.get("parameters") else NOT_STATED,
        "corruptions in its training": markdown_cell(trained_on) or "none stated",
        **dict.fromkeys(("training data", "intended use", "licence", "developed by"), NOT_STATED),
    }


def _criteria(rows: Sequence[TraceRow]) -> list[str]:
    if not rows:
        return ["None."]
    head = ["| hazard | criterion | conditions | result | verdict |", "|---|---|---|---|---|"]
    return head + [
        f"| {row.hazard} | {markdown_cell(row.requirement)} | {markdown_cell(row.conditions)} | {row.result} | "
        f"{row.verdict} |"
        for row in rows
    ]


def data_card(results: Results) -> str:
    """The card of the data of a run: metadata, source, frames, subjects, labels and their balance, fingerprint."""
    data, suite = results.info["data"], results.info["suite"]
    lines = [
        f"# Data card: {markdown_cell(str(data.get('name', '')))}",
        "",
        "The frames that the run of this evidence pack was computed on, as far as the run describes them.",
        "",
        *_table(_data_facts(results.info)),
        "",
        "## Labels",
        "",
        *(line for task in results.tasks for line in _balance(results, task)),
        "## Processing",
        "",
        *_table(
            {
                "resolution of the evaluation": f"short side at most {suite.get('resolution', NOT_STATED)} px",
                "resolution of the frames": NOT_STATED,
                "label map": markdown_cell(str(data.get("label_map") or "none: the values of the masks")),
                "frames that could not be used": str(len({each["id"] for each in results.info.get("failures", ())})),
                "black surround": _surround(results),
            }
        ),
        "",
        "## Not stated",
        "",
        "The run does not state: licence, consent and ethics approval, hospitals, patients (age, sex, diagnosis), "
        "procedures, endoscopes and processors, dates, selection of the frames, annotators and their agreement.",
        "",
        *([f"Notes: {markdown_cell(' '.join(data['notes']))}", ""] if data.get("notes") else []),
    ]
    return _data_metadata(results) + "\n".join(lines)


def _data_facts(info: Mapping[str, Any]) -> dict[str, str]:
    data = info["data"]
    note = f" {data['subject_note']}" if data.get("subject_note") else ""
    return {
        "name": markdown_cell(str(data.get("name", ""))) or NOT_STATED,
        "source": markdown_cell(str(data.get("source", ""))) or NOT_STATED,
        "split": markdown_cell(str(data.get("split") or NOT_STATED)),
        "frames": str(data.get("frames")),
        "subjects (patients or sequences)": markdown_cell(f"{data.get('subjects')}.{note}".rstrip(".")),
        "fingerprint (SHA-256)": str(data.get("fingerprint", "")) or NOT_STATED,
    }


def _balance(results: Results, task: Task) -> list[str]:
    """How often each label occurs in the clean frames."""
    labels = results.labels[task.name]
    clean = results.frame[results.frame["corruption"] == CLEAN]
    truth = truth_records(clean, task, len(labels))
    if isinstance(task, Classification):
        targets = truth[f"{task.name}_target"].to_numpy(np.int64)
        frames = np.bincount(targets[targets >= 0], minlength=len(labels))
        shares = None
    else:
        pixels = _pixels(truth, len(labels))
        frames, total = (pixels > 0).sum(0), pixels.sum()
        shares = pixels.sum(0) / total if total else np.zeros(len(labels))
    head = f"| {markdown_cell(task.name)} | frames |" + ("" if shares is None else " share of the pixels |")
    lines = [head, "|---|---|" + ("" if shares is None else "---|")]
    for index, label in enumerate(labels):
        share = "" if shares is None else f" {100 * shares[index]:.2f} % |"
        lines.append(f"| {markdown_cell(label)} | {int(frames[index])} |{share}")
    return [*lines, ""]


def _pixels(truth: pd.DataFrame, num_labels: int) -> Any:
    """Pixels of each label in the masks, (frames, labels)."""
    counts = truth[count_columns(num_labels)].to_numpy(np.float64).reshape(len(truth), 3, num_labels)
    return counts[:, 0] + counts[:, 2]


def _surround(results: Results) -> str:
    share = results.frame["content_share"].to_numpy(np.float64)
    return "none" if share.min(initial=1.0) >= 1 else f"{100 * (1 - share.mean()):.1f} % of the pixels"


def _data_metadata(results: Results) -> str:
    number = int(results.info["data"].get("frames", 0))
    data = import_hub().DatasetCardData(
        pretty_name=str(results.info["data"].get("name", "")),
        task_categories=[_TASK_CATEGORIES.get(task.name, "image-classification") for task in results.tasks],
        size_categories=next((text for limit, text in _SIZES if number < limit), "n>100K"),
        tags=["surgery", "endoscopy", "robustness"],
    )
    return f"---\n{data.to_yaml()}\n---\n\n"


def _table(rows: Mapping[str, str] | Iterable[tuple[str, str]]) -> list[str]:
    return ["| | |", "|---|---|", *(f"| {name} | {text} |" for name, text in dict(rows).items())]
