"""Judging of a trained cell, under the paper's definitions and under ours."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from robustbench_endo.models import load_model
from robustbench_endo.paper.grid import CLEAN, ROBUST, Row
from robustbench_endo.results import Results
from robustbench_endo.types import Dataset

PROTOCOLS = ("paper", "standard")

QUANTITIES: Mapping[str, Mapping[str, str]] = {
    "paper": {
        "accuracy": "paper_accuracy",
        "f_score": "paper_f1",
        "miou": "paper_miou",
        "dice": "paper_dice",
        "hd": "paper_hd",
        "ssim": "paper_ssim",
    },
    "standard": {
        "accuracy": "accuracy",
        "f_score": "macro_f1",
        "miou": "miou",
        "dice": "dice",
        "hd": "hd",
        "ssim": "ssim",
    },
}
"""Protocol -> the paper's word for a metric -> what it is called in :class:`Results`."""

SPARED = ("contrast", (1,))
"""A run has at least one corruption; this one costs next to nothing, and no table of clean frames shows it."""

Evaluate = Callable[..., Results]
"""``robustbench_endo.api.evaluate``."""


def judge(
    evaluate: Evaluate,
    checkpoint: Path,
    label: str,
    data: Dataset,
    judged: str,
    kind: str,
    severities: tuple[int, ...],
    **options: Any,
) -> dict[str, Results]:
    """Both protocols' results of a checkpoint; finished runs are only read.

    Args:
        judged: the data set's name, part of the runs' folders.
        kind: `clean` or `robust`.
        options: for ``evaluate``: device, limit, progress.

    Raises:
        RobustEndoError: as ``evaluate``.
    """
    model = load_model(str(checkpoint))
    corruptions, strengths = ("all", severities) if kind == ROBUST else SPARED
    return {
        protocol: evaluate(
            {label: model},
            data,
            corruptions,
            strengths,
            checkpoint / f"{kind}-{judged}-{protocol}",
            protocol=protocol,
            **options,
        )
        for protocol in PROTOCOLS
    }


def figure_of(results: Results, row: Row, metric: str) -> float:
    """Our figure of a row, in the metric's unit; NaN where the run has none."""
    quantity = QUANTITIES[results.protocol][metric]
    if row.corruption:
        table = results.table((quantity,))
        place = ("mean", "all") if row.corruption == "mean" else (row.labels["group"], row.corruption)
        return float(table.loc[place].iloc[0]) if place in table.index else math.nan
    scores = results.scores()
    clean = scores[scores["corruption"] == CLEAN]
    return float(clean[quantity].iloc[0]) if quantity in clean else math.nan
