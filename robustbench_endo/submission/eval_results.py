"""Scores in the format ``.eval_results/*.yaml`` of the Hugging Face hub: one file per model."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

import pandas as pd

from robustbench_endo.results.results import Results

FOLDER = ".eval_results"

_ROWS = {"clean": ("clean", "clean"), "corrupted": ("mean", "all")}
"""End of a task of the benchmark -> row of the table of scores."""

_DIGITS = 4


def eval_result_files(results: Results, dataset: str) -> dict[str, bytes]:
    """Path -> content, one file per model: its clean score and mean over the corruptions by each headline metric.

    The entries follow the specification of the hub (hub-docs, eval_results.yaml): the tasks of the benchmark are called
    ``<metric>_clean`` and ``<metric>_corrupted``, values are in the unit of the metric.

    Args:
        results: a finished run.
        dataset: the benchmark on the hub, ``ORG/NAME``.
    """
    table = results.table()
    return {
        f"{FOLDER}/{file_name(model)}.yaml": _yaml(_entries(results, table, model, dataset)).encode()
        for model in results.models
    }


def file_name(model: str) -> str:
    """The name of a model as that of a file; names that differ remain different.

    >>> file_name("unet"), file_name("tiny/unet")
    ('unet', 'tiny-unet-93ffdbb4')
    """
    safe = re.sub(r"[^A-Za-z0-9_.-]+", "-", model).strip("-.")[:80]
    return safe if safe and safe == model else f"{safe or 'model'}-{sha256(model.encode()).hexdigest()[:8]}"


def _entries(results: Results, table: pd.DataFrame, model: str, dataset: str) -> list[dict[str, Any]]:
    entries = []
    for metric in results.headlines:
        for suffix, row in _ROWS.items():
            value = float(table.loc[row, (metric, model)]) if row in table.index else math.nan
            if math.isfinite(value):
                entries.append(
                    {
                        "dataset": {"id": dataset, "task_id": f"{metric}_{suffix}"},
                        "value": round(value, _DIGITS),
                        "date": str(results.info.get("finished", ""))[:10],
                        "notes": _notes(results),
                    }
                )
    return entries


def _notes(results: Results) -> str:
    info = results.info
    severities = ", ".join(f"{severity:g}" for severity in results.severities)
    return (
        f"robustbench_endo: suite {info['suite']['name']} ({info['suite']['hash'][:16]}), {len(results.corruptions)} "
        f"corruptions at severities {severities}, {results.protocol} protocol, seed {info['seed']}, data "
        f"{info['data'].get('fingerprint', '')[:16]}"
    )


def _yaml(entries: list[dict[str, Any]]) -> str:
    """YAML in block style; every text is quoted as in JSON, which is YAML."""
    lines = []
    for entry in entries:
        for number, (name, value) in enumerate(entry.items()):
            mark = "- " if number == 0 else "  "
            if isinstance(value, Mapping):
                lines += [f"{mark}{name}:", *(f"    {key}: {json.dumps(item)}" for key, item in value.items())]
            else:
                lines.append(f"{mark}{name}: {json.dumps(value)}")
    return "\n".join(lines) + "\n" if lines else "[]\n"
