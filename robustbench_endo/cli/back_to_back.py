"""``robust-endo compare --back-to-back``."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from robustbench_endo.cli.command import option
from robustbench_endo.cli.json_output import echo_json
from robustbench_endo.errors import RobustEndoError

if TYPE_CHECKING:
    from robustbench_endo.results import Resampling, Results
    from robustbench_endo.results.back_to_back import BackToBack

Function = TypeVar("Function", bound=Callable[..., Any])

DEFAULT_SIZE = (512, 640)
"""Frames of a latency, where the run used frames of their own sizes."""


def back_to_back_options(function: Function) -> Function:
    """The options of a pair of models."""
    pair = partial(option, group="Back to back")
    for decorate in (
        pair("--repeats", metavar="N", type=int, default=100, help="Passes of each model for --latency."),
        pair("--latency-size", metavar="HxW", help="Frames of --latency.  [default: those of the run, or 512x640]"),
        pair("--latency", is_flag=True, help="Load both models and time them on the CPU, one frame at a time."),
        pair(
            "--margin",
            metavar="X",
            type=float,
            help="Largest difference that does not matter, in the unit of the metric: tests equivalence.",
        ),
        pair("--back-to-back", "pair", metavar="A B", nargs=2, help="A model and its twin; differences are B - A."),
    ):
        function = decorate(function)
    return function


def is_paired(params: Mapping[str, Any], runs: Sequence[Path], baseline: str | None) -> bool:
    """Whether two models are compared back to back.

    Raises:
        RobustEndoError: options that belong to the other kind of comparison, or no run.
    """
    paired = bool(params["pair"])
    if paired and baseline is not None:
        raise RobustEndoError(
            f"Expected no baseline with --back-to-back, got {baseline!r}: the first model of the pair is the baseline."
        )
    if not paired:
        for name in ("margin", "latency", "latency_size"):
            if params[name] is not None and params[name] is not False:
                flag = f"--{name.replace('_', '-')}"
                raise RobustEndoError(f"Expected {flag} only with --back-to-back, got it without: add the two models.")
        if not runs:
            raise RobustEndoError("Expected at least one run to compare, got none: give run folders.")
    return paired


def compare_pair(
    runs: Sequence[Path],
    metrics: str | None,
    out: Path | None,
    resampling: Resampling,
    as_json: bool,
    *,
    pair: tuple[str, str],
    margin: float | None,
    latency: bool,
    latency_size: str | None,
    repeats: int,
) -> None:
    """Compare a pair, print it, and write its table."""
    from rich.console import Console

    from robustbench_endo.reports.text.back_to_back import print_back_to_back
    from robustbench_endo.results.back_to_back import back_to_back, write_table

    if out is not None and out.suffix not in (".csv", ".json"):
        raise RobustEndoError(f"Expected --out FILE.csv or FILE.json with --back-to-back, got {out}: rename it.")
    if metrics and "," in metrics:
        raise RobustEndoError(f"Expected one metric with --back-to-back, got {metrics!r}: name one.")
    loaded, (first, second) = _load(runs, pair)
    result = back_to_back(loaded, first, second, metrics, margin, resampling=resampling)
    measured = _measure(loaded, (first, second), latency_size, repeats) if latency else None
    print_back_to_back(result, loaded[0].metric(result.metric).label, Console(stderr=as_json), measured)
    paths = [] if out is None else [write_table(result, out)]
    if as_json:
        echo_json(_summary(result, measured, paths))
    for path in paths:
        click.echo(path, err=as_json)


def _load(runs: Sequence[Path], pair: tuple[str, str]) -> tuple[list[Results], tuple[str, str]]:
    """The runs, and the models in them; without runs the pair names two of them, with one model each."""
    from robustbench_endo.results import load_results
    from robustbench_endo.results.combine import combined_names

    if runs:
        return [load_results(run) for run in runs], pair
    loaded = [load_results(Path(name)) for name in pair]
    for name, run in zip(pair, loaded, strict=True):
        if len(run.models) != 1:
            raise RobustEndoError(
                f"Expected a run of one model in {name}, got {len(run.models)} ({', '.join(run.models)}): give the run "
                "folder before --back-to-back and name two models."
            )
    names = combined_names(loaded)
    return loaded, (names[0][loaded[0].models[0]], names[1][loaded[1].models[0]])


def _measure(
    runs: Sequence[Results], names: Sequence[str], size: str | None, repeats: int
) -> dict[str, dict[str, Any]]:
    """The latency of models, loaded by the specs in their runs."""
    from robustbench_endo.evaluation.latency import measure_latency
    from robustbench_endo.models.by_name import is_trained, load_trained, load_untrained
    from robustbench_endo.results.combine import combined_names

    shape, models = _size(size, runs[0]), {}
    renamed = combined_names(runs) if len(runs) > 1 else [{model: model for model in runs[0].models}]
    for run, by_model in zip(runs, renamed, strict=True):
        labels = {task: tuple(each) for task, each in run.labels.items()}
        for entry in run.info["models"]:
            if (name := by_model[entry["name"]]) in names:
                spec = str(entry["spec"])
                models[name] = load_trained(spec) if is_trained(spec) else load_untrained(spec, labels, False)
    measured = measure_latency({name: models[name] for name in names}, shape, repeats)
    return {name: each.to_json() for name, each in measured.items()}


def _size(text: str | None, run: Results) -> tuple[int, int]:
    if text is not None:
        match = re.fullmatch(r"(\d{1,5})x(\d{1,5})", text)
        if match is None:
            raise RobustEndoError(f"Expected --latency-size as HEIGHTxWIDTH, got {text!r}: write it as 512x640.")
        return int(match.group(1)), int(match.group(2))
    resolution = run.info["suite"]["resolution"]
    if isinstance(resolution, (list, tuple)):
        return int(resolution[0]), int(resolution[1])
    return DEFAULT_SIZE


def _summary(result: BackToBack, latency: Mapping[str, Any] | None, paths: Sequence[Path]) -> dict[str, Any]:
    return {
        "first": result.first,
        "second": result.second,
        "metric": result.metric,
        "unit": result.unit,
        "margin": result.margin,
        "rows": json.loads(result.table.to_json(orient="records")),
        "verdict": result.verdict,
        "latency": latency,
        "statement": result.statement,
        "warnings": list(result.warnings),
        "paths": [str(path) for path in paths],
        "exit_code": 0,
    }
