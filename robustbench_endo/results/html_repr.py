"""How a run shows itself in a notebook: one compact table, every name as text."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from robustbench_endo.results.metric_info import METRICS

if TYPE_CHECKING:
    from robustbench_endo.results.results import Results

_SHOWN = {"standard": ("accuracy", "miou"), "endoarss": ("endoarss_accuracy", "endoarss_miou")}
_ABSENT = "–"
_ALIGNED = 'style="text-align:right;font-variant-numeric:tabular-nums"'


def notebook_table(results: Results) -> str:
    """Table VII of the run as HTML: its two first metrics (those with numbers), a dash where there is no number."""
    metrics = [name for name in _SHOWN.get(results.protocol, _SHOWN["standard"]) if _has(results, name)]
    head = f"<p>{escape(repr(results))}</p>"
    if not metrics:
        return f"{head}<p>No scores: the frames carry neither masks nor activities.</p>"
    table = results.table(metrics)
    rows = "".join(_row(str(category), str(name), values) for (category, name), values in table.iterrows())
    return (
        f'{head}<div style="overflow-x:auto"><table>{_head(metrics, results.models)}<tbody>{rows}</tbody></table></div>'
    )


def _has(results: Results, name: str) -> bool:
    scores = results.scores()
    return name in scores and bool(np.isfinite(scores[name].to_numpy(np.float64)).any())


def _head(metrics: Sequence[str], models: Sequence[str]) -> str:
    labels = (f"{METRICS[name].label} ({METRICS[name].unit})" for name in metrics)
    above = "".join(f'<th colspan="{len(models)}" scope="colgroup">{escape(label)}</th>' for label in labels)
    below = "".join(f'<th scope="col" {_ALIGNED}>{escape(model)}</th>' for _ in metrics for model in models)
    return f'<thead><tr><th rowspan="2" scope="col">corruption</th>{above}</tr><tr>{below}</tr></thead>'


def _row(category: str, name: str, values: pd.Series) -> str:
    label = f"mean of {name}" if category == "mean" else name
    cells = "".join(f"<td {_ALIGNED}>{_number(float(value))}</td>" for value in values)
    return f'<tr><th scope="row" style="text-align:left">{escape(label)}</th>{cells}</tr>'


def _number(value: float) -> str:
    return f"{value:.2f}" if math.isfinite(value) else _ABSENT
