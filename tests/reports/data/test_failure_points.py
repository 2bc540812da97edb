"""Tests of failure points in reports."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from robustbench_endo.reports.data.failure_points import failure_point_tables, lower_median, median_interval
from robustbench_endo.results import Resampling


def test_median_interval_is_by_subject_and_takes_censored_frames() -> None:
    values = np.array([-np.inf, 2, 2.5, 3, np.inf, np.inf, 4, 1.5])
    units = np.array(list("aabbccdd"), object)
    assert lower_median(values) == 2.5
    low, high = median_interval(values, units, Resampling()) or (np.nan, np.nan)
    assert low < 2.5 < high
    assert median_interval(values[:2], units[:2], Resampling()) is None
    # Frames of a subject are repeated with it: four identical frames per subject change nothing.
    assert median_interval(np.repeat(values, 4), np.repeat(units, 4), Resampling()) == (low, high)


def test_table_shows_median_and_censored_shares(usual_run: Any) -> None:
    images = [f"{i}" for i in range(4)]
    rows = [
        {"model": model, "corruption": corruption, "image_id": image, "subject_id": f"s{i % 2}"}
        | {"metric": "dice", "threshold": 0.5, "severity": (np.nan, 2.4, 3.1, np.nan)[i]}
        | {"censored": ("<1", "", "", ">5")[i], "low": np.nan, "high": np.nan}
        for model in usual_run.models
        for corruption in usual_run.corruptions
        for i, image in enumerate(images)
    ]
    assert failure_point_tables(usual_run, Resampling()) == []
    (table,) = failure_point_tables(replace(usual_run, failure_points=pd.DataFrame(rows)), Resampling())
    cell = table.rows[0].cells[0]
    assert cell.text == "2.4"
    assert cell.value == pytest.approx(2.4)
    assert cell.detail.endswith("25 % < 1, 25 % > 5")
    assert "Dice < 50 %" in table.caption
