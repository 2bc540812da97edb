"""What a tracker receives of a run: curves, summary, settings, tables and files; the same for all trackers."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from robustbench_endo.results.metrics import metric_names, metrics_by_name
from robustbench_endo.results.results import Results
from robustbench_endo.results.schema import CLEAN
from robustbench_endo.results.severity import DECIMALS, has_fractions

FILES = ("report.html", "report.pdf", "summary.csv", "results.parquet", "run.json")
"""Files of a run folder that trackers store, where the run has them."""

MEAN = "mean"
"""The corruption of the mean over all corruptions."""

_MAX_VALUE = 500
"""Characters of a setting: what the strictest tracker stores."""


@dataclass(frozen=True)
class Curve:
    """A metric of a model against the severity of a corruption.

    Attributes:
        metric, corruption, model: names; the corruption ``mean`` is the mean over all.
        values: severity -> finite value in the metric's unit; 0 is clean.
    """

    metric: str
    corruption: str
    model: str
    values: Mapping[float, float]


@dataclass(frozen=True)
class RunContent:
    """A run as trackers receive it.

    Attributes:
        name: of the run.
        models: their names.
        curves: of every metric, corruption and model.
        summary: model -> ``clean/METRIC`` and ``mean/METRIC`` -> value.
        settings: of the run, as texts and numbers.
        tables: ``scores`` and ``table``.
        files: of the run folder.
        steps_per_severity: factor from a severity to a whole step.
    """

    name: str
    models: Sequence[str]
    curves: Sequence[Curve]
    summary: Mapping[str, Mapping[str, float]]
    settings: Mapping[str, str | int | float | bool]
    tables: Mapping[str, pd.DataFrame]
    files: Sequence[Path]
    steps_per_severity: int

    def step(self, severity: float) -> int:
        """The step of a severity: itself, or in thousandths where the run has severities between."""
        return round(severity * self.steps_per_severity)


def run_content(results: Results, metrics: Sequence[str] | None = None) -> RunContent:
    """Everything that a tracker receives.

    Args:
        results: the run.
        metrics: names; None for all with numbers but those of single labels, which are in the tables.

    Raises:
        RobustEndoError: a metric that the run does not have.
    """
    names = [results.metric(name).name for name in metric_names(metrics, tracked_metrics(results))]
    table = results.table(names) if names else pd.DataFrame()
    return RunContent(
        name=str(results.info.get("name") or "evaluation"),
        models=results.models,
        curves=_curves(results, names),
        summary={model: _summary(table, names, model) for model in results.models},
        settings=run_settings(results.info),
        tables={"scores": _finite(results.scores()), "table": _finite(_flat(table))},
        files=[] if results.path is None else [file for each in FILES if (file := results.path / each).is_file()],
        steps_per_severity=10**DECIMALS if has_fractions(results.severities) else 1,
    )


def tracked_metrics(results: Results) -> list[str]:
    """The metrics with numbers, without those of single labels and of parts of the frame."""
    scores, by_name = results.scores(), metrics_by_name(results.info)
    names = [metric.name for metric in results.metrics if metric.name not in by_name]
    return [name for name in names if np.isfinite(scores[name].to_numpy(np.float64)).any()]


def run_settings(info: Mapping[str, Any]) -> dict[str, str | int | float | bool]:
    """The settings in run.json as flat names and values: what was evaluated, then ``config.*``, what was requested."""
    nested: dict[str, Any] = {
        **{key: info.get(key) for key in ("protocol", "seed", "replicates", "region", "precision", "device", "commit")},
        **{f"suite.{key}": info.get("suite", {}).get(key) for key in ("name", "version", "hash", "resolution")},
        **{
            f"data.{key}": info.get("data", {}).get(key)
            for key in ("name", "split", "frames", "subjects", "fingerprint")
        },
        "severities": info.get("severities"),
        "corruptions": [entry["name"] for entry in info.get("corruptions", ())],
        "models": [entry["name"] for entry in info.get("models", ())],
        "version": info.get("versions", {}).get("robustbench-endo"),
        "checksum": info.get("checksum"),
        **{f"config.{key}": value for key, value in info.get("config", {}).items()},
    }
    return {key: _setting(value) for key, value in nested.items() if value not in (None, "", [], ())}


def _setting(value: Any) -> str | int | float | bool:
    if isinstance(value, (bool, int)) or (isinstance(value, float) and math.isfinite(value)):
        return value
    if isinstance(value, (list, tuple)):
        value = ", ".join(map(str, value))
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    return text if len(text) <= _MAX_VALUE else f"{text[: _MAX_VALUE - 3]}..."


def _curves(results: Results, metrics: Sequence[str]) -> list[Curve]:
    scores = results.scores()
    clean = scores[scores["corruption"] == CLEAN].set_index("model")
    curves = []
    for (corruption, model), rows in scores[scores["corruption"] != CLEAN].groupby(["corruption", "model"], sort=False):
        curves += [_curve(name, str(corruption), str(model), rows, clean) for name in metrics]
    synthetic = scores[scores["corruption"].isin(results.corruptions)]
    means = synthetic.groupby(["model", "severity"], sort=False)[list(metrics)].mean().reset_index()
    for model, rows in means.groupby("model", sort=False):
        curves += [_curve(name, MEAN, str(model), rows, clean) for name in metrics]
    if not results.corruptions:
        curves += [_curve(name, CLEAN, str(model), clean.iloc[:0], clean) for model in clean.index for name in metrics]
    return [curve for curve in curves if curve.values]


def _curve(metric: str, corruption: str, model: str, rows: pd.DataFrame, clean: pd.DataFrame) -> Curve:
    points = [(0.0, clean[metric].get(model, math.nan)), *zip(rows.get("severity", ()), rows[metric], strict=False)]
    values = {float(severity): float(value) for severity, value in points if math.isfinite(value)}
    return Curve(metric, corruption, model, values)


def _summary(table: pd.DataFrame, metrics: Sequence[str], model: str) -> dict[str, float]:
    rows = {"clean": (CLEAN, CLEAN), "mean": ("mean", "all")}
    values = {
        f"{label}/{name}": float(table.loc[row, (name, model)])
        for label, row in rows.items()
        if row in table.index
        for name in metrics
    }
    return {key: value for key, value in values.items() if math.isfinite(value)}


def _flat(table: pd.DataFrame) -> pd.DataFrame:
    """The table with one column per metric and model."""
    if table.empty:
        return table
    flat = table.set_axis([f"{metric} {model}" for metric, model in table.columns], axis=1)
    return flat.reset_index()


def _finite(table: pd.DataFrame) -> pd.DataFrame:
    return table.replace([np.inf, -np.inf], np.nan)
