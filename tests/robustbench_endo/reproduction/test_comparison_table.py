"""Reproduced numbers compared with the published ones."""

import math

import pytest

from robustbench_endo.reproduction import grid
from robustbench_endo.reproduction.comparison_table import DONE, comparison_table
from robustbench_endo.reproduction.experiments import METRIC_NAMES
from robustbench_endo.reproduction.presets import PAPER, QUICK, select_rows
from robustbench_endo.reproduction.runner import PROTOCOLS, CellResult


def test_comparison_table_has_a_row_per_metric_and_protocol():
    selected = select_rows(grid("table2"), ["endoarss/tesla"])
    outcomes = {key: CellResult(problem="reason") for key in selected.runs}
    frame = comparison_table(selected, outcomes, PAPER)
    assert len(frame) == len(selected.rows) * len(PROTOCOLS) * len(selected.metrics)
    assert set(frame["state"]) == {"reason"}
    assert frame["reproduced"].isna().all()
    assert frame.loc[frame["protocol"] == "endoarss", "published"].notna().all()
    assert set(frame["quantity"]) == {name for names in METRIC_NAMES.values() for name in names.values()}


def test_comparison_table_of_a_single_task_has_its_metrics():
    selected = select_rows(grid("table2"), ["dinov2/single-task/classification"])
    frame = comparison_table(selected, {key: CellResult() for key in selected.runs}, QUICK)
    assert set(frame["metric"]) == {"accuracy", "f_score"}
    assert set(frame["state"]) == {DONE}
    assert math.isnan(frame["difference"].iloc[0])


def test_comparison_table_of_stand_ins_has_nothing_published():
    selected = select_rows(grid("table2"), ["endoarss/tesla"])
    frame = comparison_table(selected, {key: CellResult() for key in selected.runs}, QUICK)
    assert frame["published"].isna().all()
    assert frame["difference"].isna().all()


def test_comparison_table_is_mean_and_standard_deviation_over_seeds(monkeypatch):
    selected = select_rows(grid("table5"), ["dinov2/tesla"], data=["mtlesd"])
    numbers = {"first": 60.0, "second": 63.0, "third": 69.0, "none": math.nan}
    monkeypatch.setattr(
        "robustbench_endo.reproduction.comparison_table.reproduced_number", lambda run, row, metric: numbers[run]
    )

    def table(*names):
        runs = tuple({"endoarss": name} for name in names)
        frame = comparison_table(selected, {key: CellResult(runs) for key in selected.runs}, PAPER)
        return frame[(frame["protocol"] == "endoarss") & (frame["metric"] == "miou")].iloc[0]

    line = table("first", "second", "third")
    assert (line["reproduced"], line["seeds"]) == (64.0, 3)
    assert line["sd"] == pytest.approx(math.sqrt((16 + 1 + 25) / 2))
    assert line["difference"] == pytest.approx(64.0 - line["published"])
    assert table("first", "none")["seeds"] == 1
    assert math.isnan(table("first")["sd"])
