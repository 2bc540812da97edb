"""The verdict of several criteria, and gate.json as written and read."""

import json
import math

import pytest

from robustbench_endo.errors import RunError
from robustbench_endo.gate import load_gate
from robustbench_endo.gate.report import overall


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        ((), "undecided"),
        (("pass",), "pass"),
        (("pass", "pass"), "pass"),
        (("pass", "undecided"), "undecided"),
        (("undecided", "fail", "pass"), "fail"),
    ],
)
def test_overall_passes_only_if_every_criterion_does(verdicts, expected):
    assert overall(verdicts) == expected


def test_gate_file_has_the_report(undecided, tmp_path):
    undecided.write(tmp_path / "gate.json")
    first = (tmp_path / "gate.json").read_bytes()
    read = load_gate(tmp_path)
    assert read.criteria[0] == undecided.criteria[0]
    assert math.isnan(read.criteria[1].value)
    assert read.run == undecided.run
    assert read.of_model("ours") == "undecided"
    read.write(tmp_path / "gate.json")
    assert (tmp_path / "gate.json").read_bytes() == first
    assert json.loads(first)["criteria"][1]["value"] is None


def test_load_gate_without_a_file_is_none(tmp_path):
    assert load_gate(tmp_path) is None


@pytest.mark.parametrize(
    "text", ["{}", "[]", "{", '{"format": 1}', '{"format": 2, "criteria": []}', '{"format": 1, "criteria": 3}']
)
def test_load_gate_refuses_other_content(text, tmp_path):
    (tmp_path / "gate.json").write_text(text)
    with pytest.raises(RunError, match=r"gate\.json"):
        load_gate(tmp_path)
