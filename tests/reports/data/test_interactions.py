"""Tests of interactions of corruptions in reports."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd
import pytest

from robustbench_endo.reports.data.interactions import interaction_tables


def with_compound(results: Any, factor: float) -> Any:
    """The run with a compound of its first two corruptions, whose hits are those of the first times a factor."""
    first, second = results.corruptions[:2]
    name = f"{first}+{second}"
    rows = results.frame[results.frame["corruption"] == first].assign(corruption=name)
    hits = [column for column in rows if column.startswith(("tp_", "correct"))]
    rows = rows.assign(**{column: (rows[column] * factor).astype(rows[column].dtype) for column in hits})
    entry = {**results.info["corruptions"][0], "name": name, "category": "compound"}
    info = {**results.info, "corruptions": [*results.info["corruptions"], entry]}
    return replace(results, frame=pd.concat((results.frame, rows), ignore_index=True), info=info)


def test_compound_that_is_worse_than_its_parts_is_listed(usual_run: Any) -> None:
    first, second = usual_run.corruptions[:2]
    run = with_compound(usual_run, 0.1)
    (table,) = interaction_tables(run, ["miou"])
    assert len(table.rows) == 1
    scores = run.scores().groupby(["corruption", "model"])["miou"].mean()
    for model, cell in zip(run.models, table.rows[0].cells, strict=True):
        worst = min(scores[first, model], scores[second, model])
        assert cell.value == pytest.approx(scores[f"{first}+{second}", model] - worst)
        assert cell.value < 0


def test_compound_that_is_no_worse_is_left_out(usual_run: Any) -> None:
    assert interaction_tables(with_compound(usual_run, 1), ["miou"]) == []
    assert interaction_tables(usual_run, ["miou"]) == []
