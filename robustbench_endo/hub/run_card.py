"""The card of a run for a repository: what was evaluated, the scores by corruption, and how to read them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from robustbench_endo.hub.failures import import_hub
from robustbench_endo.results.results import Results

LIMITS = (
    "Scores under simulated corruptions of these frames. They predict nothing about other data, and nothing here "
    "approves a model for clinical use."
)


def run_card(results: Results) -> str:
    """The card in Markdown, without metadata; its numbers are those of the run's tables."""
    info = results.info
    lines = [
        f"# Robustness of {', '.join(map(markdown_cell, results.models))}",
        "",
        "Evaluated with robustbench_endo. `run.json` has all settings and checksums, `summary.csv` all scores.",
        "",
        "| | |",
        "|---|---|",
        *(f"| {name} | {text} |" for name, text in _rows(info)),
        *(line for metric in results.headlines for line in score_section(results, metric)),
        "",
        "## Limits",
        "",
        LIMITS,
        "",
    ]
    return "\n".join(lines)


def _rows(info: Any) -> list[tuple[str, str]]:
    data, suite = info["data"], info["suite"]
    source = f" ({data['source']})" if data.get("source") else ""
    name, split = markdown_cell(str(data.get("name", ""))), markdown_cell(str(data.get("split")))
    frames = f"{data.get('frames')} frames, {data.get('subjects')} subjects"
    return [
        *map(_model_row, info["models"]),
        ("data", f"{name}{markdown_cell(source)}, split {split}, {frames}"),
        ("suite", f"{markdown_cell(suite['name'])}, version {suite.get('version')}, hash {suite['hash'][:16]}"),
        ("protocol, seed", f"{info['protocol']}, {info['seed']}"),
        ("severities", ", ".join(f"{severity:g}" for severity in info["severities"])),
        ("robustbench_endo", str(info.get("versions", {}).get("robustbench-endo", ""))),
    ]


def _model_row(entry: Any) -> tuple[str, str]:
    source = markdown_cell(entry.get("source") or entry.get("spec", ""))
    digest = entry.get("weights_sha256", "")[:16]
    return f"model {markdown_cell(entry['name'])}", f"{source}, SHA-256 of the weights {digest}"


def score_section(results: Results, name: str, models: Sequence[str] | None = None) -> list[str]:
    """A table of one metric: rows of corruptions, columns of some models, or of all."""
    metric = results.metric(name)
    table, models = results.table((name,)), results.models if models is None else models
    unit = f" ({metric.unit})" if metric.unit else ""
    lines = ["", f"## {metric.label}{unit}", "", "Means over the severities.", ""]
    lines += [f"| corruption | {' | '.join(map(markdown_cell, models))} |", f"|---|{'---|' * len(models)}"]
    for (category, corruption), row in table.iterrows():
        values = [row[name, model] for model in models]
        label = f"mean: {corruption}" if category == "mean" else str(corruption)
        lines.append(f"| {markdown_cell(label)} | {' | '.join(map(_number, values))} |")
    return lines


def card_metadata(name: str, results: Results | None = None) -> str:
    """The YAML block that the hub reads.

    Args:
        name: of the model.
        results: with the scores of this model; None for a card without scores. The hub has one model per card.
    """
    hub = import_hub()
    scores = None if results is None else _evaluations(hub, results, name)
    data = hub.ModelCardData(
        library_name="robustbench_endo",
        tags=["robustness", "surgery", "endoscopy"],
        model_name=name if scores else None,
        eval_results=scores,
    )
    return f"---\n{data.to_yaml()}\n---\n\n"


def _evaluations(hub: Any, results: Results, model: str) -> list[Any]:
    """Clean score and mean over the corruptions of each headline metric."""
    data = results.info["data"]
    table = results.table()
    rows = [("clean", ("clean", "clean")), ("mean over corruptions", ("mean", "all"))]
    return [
        hub.EvalResult(
            task_type="image-segmentation" if name == results.headlines[-1] else "image-classification",
            dataset_type=str(data.get("name", "")),
            dataset_name=str(data.get("name", "")),
            dataset_config=label,  # results of equal task, type, and configuration are one for the hub
            metric_type=name,
            metric_value=round(float(table.loc[row, (name, model)]), 2),
        )
        for name in results.headlines
        for label, row in rows
        if row in table.index and not math.isnan(table.loc[row, (name, model)])  # without labels
    ]


def _number(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.2f}"


def markdown_cell(text: str) -> str:
    """Text of a run, which may come from others, without Markdown or HTML in it."""
    escaped = "".join(f"\\{character}" if character in r"\`*[]|!" else character for character in text)
    return escaped.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
