"""Methods of results that other parts of the package implement."""

import pytest

from robustbench_endo.errors import RobustEndoError
from robustbench_endo.gate import parse_plan

PLAN = """
[[criteria]]
id = "contrast"
metric = "dice"
corruption = "contrast"
max_severity = 3
at_least = 0.05
"""


def test_results_gate_decides_a_plan(results):
    report = results.gate(parse_plan(PLAN), models=["a"])
    assert (report.verdict, report.models) == ("pass", ("a",))


def test_results_log_to_refuses_an_unknown_tracker(results):
    with pytest.raises(RobustEndoError, match="Expected"):
        results.log_to("no tracker")
