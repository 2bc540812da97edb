"""The card of a run for a repository: what was evaluated, the scores by corruption, and how to read them."""

from __future__ import annotations

import math
from typing import Any

from robustbench_endo.results.results import Results

LIMITS = (
    "Scores under simulated corruptions of these frames. They predict nothing about other data, and nothing here "
    "approves a model for clinical use."
)


def run_card(results: Results) -> str:
    """The card in Markdown, without metadata; its numbers are those of the run's tables."""
    info = results.info
    lines = [
        f"# Robustness of {', '.join(map(_cell, results.models))}",
        "",
        "Evaluated with robustbench_endo. `run.json` has all settings and checksums, `summary.csv` all scores.",
        "",
        "| | |",
        "|---|---|",
        *(f"| {name} | {text} |" for name, text in _rows(info)),
        *(line for metric in results.headlines for line in _section(results, metric)),
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
    frames = f"{data.get('frames')} frames, {data.get('subjects')} subjects"
    rows = [
        (
            f"model {_cell(entry['name'])}",
            f"{_cell(entry.get('source') or entry.get('spec', ''))}, SHA-256 of the weights "
            f"{entry.get('weights_sha256', '')[:16]}",
        )
        for entry in info["models"]
    ]
    return [
        *rows,
        ("data", f"{_cell(str(data.get('name', '')))}{_cell(source)}, split {_cell(str(data.get('split')))}, {frames}"),
        ("suite", f"{_cell(suite['name'])}, version {suite.get('version')}, hash {suite['hash'][:16]}"),
        ("protocol, seed", f"{info['protocol']}, {info['seed']}"),
        ("severities", ", ".join(f"{severity:g}" for severity in info["severities"])),
        ("robustbench_endo", str(info.get("versions", {}).get("robustbench-endo", ""))),
    ]


def _section(results: Results, name: str) -> list[str]:
    """A table of one metric: rows of corruptions, columns of models."""
    metric = results.metric(name)
    table = results.table((name,))
    unit = f" ({metric.unit})" if metric.unit else ""
    lines = ["", f"## {metric.label}{unit}", "", "Means over the severities.", ""]
    lines += [f"| corruption | {' | '.join(map(_cell, results.models))} |", f"|---|{'---|' * len(results.models)}"]
    for (category, corruption), row in table.iterrows():
        values = [row[name, model] for model in results.models]
        label = f"mean: {corruption}" if category == "mean" else str(corruption)
        lines.append(f"| {_cell(label)} | {' | '.join(map(_number, values))} |")
    return lines


def _number(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.2f}"


def _cell(text: str) -> str:
    """Text of a run, which may come from others, without Markdown or HTML in it."""
    escaped = "".join(f"\\{character}" if character in r"\`*[]|!" else character for character in text)
    return escaped.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
