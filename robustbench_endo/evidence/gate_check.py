"""Whether gate.json of a run folder follows from the records and from the plan that it contains."""

from __future__ import annotations

from pathlib import Path

from robustbench_endo.errors import RobustEndoError
from robustbench_endo.gate import gate_problem, load_gate, parse_plan, run_gate
from robustbench_endo.gate.report import GATE_FILE
from robustbench_endo.io_utils import read_json
from robustbench_endo.results.differences import first_difference
from robustbench_endo.results.results import Results
from robustbench_endo.results.verify import Check

_NAME = "gate.json agrees with the records and its plan"


def check_gate(results: Results, baseline: Results | None = None) -> list[Check]:
    """Decide the plan in gate.json again, and compare; no check without the file.

    Args:
        results: a run with its folder.
        baseline: the run that margins refer to; without it only criteria with a bound are compared.
    """
    if results.path is None or not (results.path / GATE_FILE).is_file():
        return []
    try:
        return [Check(_NAME, _problem(results, baseline, results.path))]
    except RobustEndoError as error:
        return [Check(_NAME, str(error))]


def _problem(results: Results, baseline: Results | None, folder: Path) -> str:
    stored, gate = read_json(folder / GATE_FILE), load_gate(folder)
    assert gate is not None
    if gate.baseline is not None and baseline is None:
        return gate_problem(results)
    plan = parse_plan(gate.plan_toml, GATE_FILE)
    expected = run_gate(results, plan, None if gate.baseline is None else baseline, gate.models)
    return first_difference(stored, expected.to_json(), GATE_FILE)
