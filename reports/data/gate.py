"""The acceptance gate of a run folder in reports: one row per criterion, one column per model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from robustbench_endo.gate.report import GATE_FILE, CriterionResult, GateReport, load_gate
from robustbench_endo.gate.wording import bound, conditions, guarantee, interval, levels, verdict_sentence
from robustbench_endo.io_utils import file_sha256
from robustbench_endo.reports.data.scores import model_columns
from robustbench_endo.reports.data.tables import PLAIN, Cell, Row, Table
from robustbench_endo.reports.formatting import MISSING
from robustbench_endo.results.schema import CLEAN, RECORDED

if TYPE_CHECKING:
    from robustbench_endo.results import Results

MAX_ROWS = 30
"""Criteria in the table; those that do not pass come first where there are more."""


def gate_tables(results: Results) -> list[Table]:
    """The gate as one table; none without gate.json, or where it is of other records.

    Args:
        results: a run with its folder; only its models have columns.
    """
    gate = None if results.path is None else load_gate(results.path)
    models = [] if gate is None else [model for model in results.models if model in gate.models]
    if gate is None or not models or gate.run.checksum != results.info.get("checksum"):
        return []
    rows = [_row(results, gate, name, models) for name in _ids(gate)]
    caption = f"Acceptance plan {gate.name}".strip() + ": verdict, value and interval of each criterion"
    remarks = [verdict_sentence(gate), guarantee(gate), levels(gate)]
    if len(rows) > MAX_ROWS:
        remarks.append(f"{len(rows) - MAX_ROWS} further criteria are in gate.json; those that do not pass are first.")
    remarks.append(f"The plan has the SHA-256 {gate.plan_sha256[:16]}…; it is stored in gate.json with all reasons.")
    return [Table("gate", caption, "Criterion", model_columns(models), tuple(rows[:MAX_ROWS]), remarks=tuple(remarks))]


def gate_sha256(results: Results) -> str | None:
    """SHA-256 of gate.json in the folder of a run; None without one."""
    path = None if results.path is None else results.path / GATE_FILE
    return None if path is None or not path.is_file() else file_sha256(path)


def _ids(gate: GateReport) -> list[str]:
    """The criteria in the order of the plan, or by verdict where there are many."""
    names = list(dict.fromkeys(each.id for each in gate.criteria))
    if len(names) <= MAX_ROWS:
        return names
    verdicts = {name: [each.verdict for each in gate.criteria if each.id == name] for name in names}
    return sorted(names, key=lambda name: ("fail" not in verdicts[name], "undecided" not in verdicts[name]))


def _row(results: Results, gate: GateReport, name: str, models: list[str]) -> Row:
    of_model = {each.model: each for each in gate.criteria if each.id == name}
    first = next(iter(of_model.values()))
    label = f"{name}: {first.metric} {bound(first)}, {conditions(first)}"
    cells = tuple(_cell(of_model[model]) if model in of_model else Cell(MISSING) for model in models)
    return Row(PLAIN, label, cells, {"metric": first.metric, "task": first.task, **_condition(results, first)})


def _condition(results: Results, each: CriterionResult) -> dict[str, str]:
    """The keys of its scope at its strongest severity, or over all; none for a set of corruptions without a name."""
    categories = results.corruption_categories
    groups = {"all": set(categories)} | {
        category: {name for name in categories if categories[name] == category} for category in categories.values()
    }
    names = set(each.corruptions)
    if len(names) == 1:
        name = each.corruptions[0]
        keys = {"category": CLEAN if name == CLEAN else categories.get(name, RECORDED), "corruption": name}
    else:
        keys = next(
            ({"category": "mean", "corruption": group} for group, members in groups.items() if members == names), {}
        )
    if not each.severities or (len(names) > 1 and list(each.severities) == list(results.severities)):
        return keys
    return keys | {"severity": f"{each.severities[-1]:g}"}


def _cell(each: CriterionResult) -> Cell:
    return Cell(each.verdict, detail=interval(each, 1), remarks=(each.reason,), strong=each.verdict == "fail")
