"""Reproduced numbers compared with the published ones."""

import math

from robustbench_endo.reproduction import grid
from robustbench_endo.reproduction.comparison_table import DONE, comparison_table
from robustbench_endo.reproduction.presets import QUICK, select_rows
from robustbench_endo.reproduction.runner import METRICS, PROTOCOLS, CellResult


def test_comparison_table_has_a_row_per_metric_and_protocol():
    selected = select_rows(grid("table2"), ["endoarss/tesla"])
    outcomes = {key: CellResult(problem="reason") for key in selected.runs}
    frame = comparison_table(selected, outcomes, QUICK)
    assert len(frame) == len(selected.rows) * len(PROTOCOLS) * len(selected.metrics)
    assert set(frame["state"]) == {"reason"}
    assert frame["reproduced"].isna().all()
    assert frame.loc[frame["protocol"] == "endoarss", "published"].notna().all()
    assert set(frame["quantity"]) == {name for names in METRICS.values() for name in names.values()}


def test_comparison_table_of_a_single_task_has_its_metrics():
    selected = select_rows(grid("table2"), ["dinov2/single-task/classification"])
    frame = comparison_table(selected, {key: CellResult() for key in selected.runs}, QUICK)
    assert set(frame["metric"]) == {"accuracy", "f_score"}
    assert set(frame["state"]) == {DONE}
    assert math.isnan(frame["difference"].iloc[0])
