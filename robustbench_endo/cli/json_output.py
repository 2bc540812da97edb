"""``--json``: the result of a command as one JSON object on standard output, everything else on standard error."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from robustbench_endo.cli.command import option

if TYPE_CHECKING:
    from robustbench_endo.results import Results

Command = TypeVar("Command", bound=Callable[..., Any])


def json_option(command: Command) -> Command:
    """``--json``, which the command receives as ``as_json``."""
    text = "Print the result as JSON on standard output, and everything else on standard error."
    return option("--json", "as_json", is_flag=True, help=text, group="Output")(command)


def echo_json(content: object) -> None:
    """Print strict JSON: numbers that are NaN or infinite are null."""
    click.echo(json.dumps(_strict(content), indent=1, ensure_ascii=False, allow_nan=False))


def run_summary(
    results: Results, paths: Sequence[Path], exit_code: int = 0, metrics: Sequence[str] | None = None
) -> dict[str, Any]:
    """The summary of a run.

    Args:
        results: the run.
        paths: of the files that were written.
        exit_code: of the command.
        metrics: whose scores are given; None for one per task with labels.
    """
    from robustbench_endo import __version__

    return {
        "version": __version__,
        "run": None if results.path is None else str(results.path),
        "models": list(results.models),
        "frames": results.info["data"]["frames"],
        "severities": list(results.severities),
        "scores": list(_scores(results, metrics)),
        "excluded_frames": [{"id": each["id"], "reason": each["reason"]} for each in results.info["failures"]],
        "notes": list(results.info["notes"]),
        "paths": [str(path) for path in paths],
        "exit_code": exit_code,
    }


def _scores(results: Results, metrics: Sequence[str] | None) -> list[dict[str, Any]]:
    """One object per metric, model and row of the table of scores, with the ends of its 95 % interval."""
    from robustbench_endo.reports import headline_present

    table = results.table(headline_present(results) if metrics is None else metrics, intervals=True)
    return [
        {
            "metric": name,
            "unit": results.metric(name).unit,
            "model": model,
            "category": category,
            "corruption": corruption,
            **{part: float(row[name, model, part]) for part in ("value", "low", "high")},
        }
        for (category, corruption), row in table.iterrows()
        for name in dict.fromkeys(table.columns.get_level_values(0))
        for model in results.models
    ]


def _strict(content: object) -> object:
    if isinstance(content, Mapping):
        return {str(key): _strict(value) for key, value in content.items()}
    if isinstance(content, (list, tuple)):
        return [_strict(value) for value in content]
    if isinstance(content, float) and not math.isfinite(content):
        return None
    return content
