"""gate.json of a run folder is decided again: one changed number, verdict or plan is named."""

import json
from dataclasses import replace

import pytest

from robustbench_endo.evidence import check_gate
from robustbench_endo.gate import parse_plan, run_gate


@pytest.fixture
def gated(results, tmp_path):
    """The run with a gate.json in another folder; the gate needs no baseline."""
    text = '[[criteria]]\nid = "a"\nmetric = "dice"\ncorruption = "smoke"\nseverities = [1]\nat_least = 0.5\n'
    run_gate(results, parse_plan(text)).write(tmp_path / "gate.json")
    return replace(results, path=tmp_path)


def problem(run, **changes):
    path = run.path / "gate.json"
    content = json.loads(path.read_text("utf-8"))
    content["criteria"][0] |= changes.pop("criterion", {})
    path.write_text(json.dumps(content | changes), "utf-8")
    run = replace(run, frame=run.frame)
    (check,) = check_gate(run)
    return check.problem


@pytest.fixture(autouse=True)
def unsealed(monkeypatch):
    """The folder has no other file of the run."""
    monkeypatch.setattr("robustbench_endo.gate.checks.check_intact", lambda folder, info: None)


def test_untouched_gate_passes(gated):
    assert problem(gated) == ""


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        (
            {"criterion": {"value": 12.5}},
            "gate.json has another criteria[0].value than the records give: 12.5 instead of",
        ),
        ({"criterion": {"low": 12.5}}, "gate.json has another criteria[0].low"),
        ({"criterion": {"reason": "good"}}, "gate.json has another criteria[0].reason"),
        ({"verdict": "undecided"}, "gate.json has another verdict"),
        ({"alpha": 0.1}, "gate.json has another alpha"),
        ({"plan_sha256": "0" * 64}, "gate.json has another plan_sha256"),
        ({"plan_toml": "x"}, "Cannot parse gate.json"),
        ({"format": 9}, "no gate of this version"),
    ],
)
def test_changed_gates_are_named(gated, changes, named):
    assert named in problem(gated, **changes)


def test_gate_with_margins_needs_its_baseline_or_compares_bounds(gated, results, baseline, pack):
    path = gated.path / "gate.json"
    run_gate(results, pack.inputs.plan, baseline).write(path)
    assert [check.problem for check in check_gate(gated, baseline)] == [""]
    assert problem(gated) == ""
    assert "clean-dice" in problem(gated, criterion={"value": 12.5})


def test_run_without_a_gate_has_no_check(results):
    assert check_gate(results) == []
