"""The first screen: every model with its interval, groups only where pairs are not separated, silence, gate, banner."""

from __future__ import annotations

import numpy as np
import pytest

from robustbench_endo.gate import GateReport, RunReference
from robustbench_endo.reports.data.first_screen import NO_GROUPS, SYNTHETIC
from robustbench_endo.reports.data.report_data import report_data
from robustbench_endo.results import Resampling

FAST = Resampling(resamples=200)


def by_part(table):
    """Part -> the cells of the models."""
    models = [row for row in table.rows if row.kind.name != "floor"]
    return {
        column.keys["part"]: {row.label: row.cells[index] for row in models}
        for index, column in enumerate(table.columns)
    }


def test_first_screen_has_every_model_with_interval_best_mean_first(usual_run, usual_report):
    table = usual_run.table(("miou",), FAST)["miou"]
    cells = by_part(usual_report.first.models)
    assert sorted(cells["mean"]) == sorted(usual_run.models)
    for model, cell in cells["mean"].items():
        value, low, high = table.loc[("mean", "all"), model]
        assert (cell.value, cell.low, cell.high) == (value, low, high)
    values = [cell.value for cell in cells["mean"].values()]
    assert values == sorted(values, reverse=True)
    for model, cell in cells["worst"].items():
        single = table.drop(["mean", "clean"], level="category")[model]["value"]
        assert cell.value == single.min()
        assert cell.detail.lower().replace(" ", "_") == single.idxmin()[1]


def test_first_screen_groups_models_that_no_test_separates(usual_report):
    first = usual_report.first
    assert {cell.text for cell in by_part(first.models)["group"].values()} == {"A"}  # two subjects allow no test
    assert first.groups_note == NO_GROUPS
    assert "not distinguishable" in first.verdict


def test_first_screen_prints_silent_and_all_failures(usual_run, usual_report):
    failures = usual_run.failures()
    columns = usual_report.first.models.columns
    assert {column.keys["task"] for column in columns if column.keys["part"] == "silent"} == {
        "segmentation",
        "activity",
    }
    for index, column in enumerate(columns):
        if column.keys["part"] == "silent":
            for row in usual_report.first.models.rows[:-1]:
                expected = failures.loc[("mean", "all"), f"{column.keys['task']}_silent"][row.label]
                np.testing.assert_allclose(row.cells[index].value, expected)
                assert row.cells[index].detail.startswith("of ")


def test_first_screen_has_the_floor_below_the_models(usual_run, usual_report):
    floor = usual_run.floor("miou")[1].point
    row = usual_report.first.models.rows[-1]
    assert row.kind.name == "floor"
    parts = [column.keys["part"] for column in usual_report.first.models.columns]
    np.testing.assert_allclose(row.cells[parts.index("clean")].value, floor.clean[0, 0])
    np.testing.assert_allclose(row.cells[parts.index("mean")].value, floor.mean_over_corruptions()[0, 0])


def test_first_screen_of_one_model_ranks_nothing(make_run):
    run = make_run(models=["only"], corruptions=["smoke"], severities=[1], gallery=False)
    first = report_data(run, FAST).first
    assert not {"group", "ranks", "worst"} & set(by_part(first.models))
    assert (first.verdict, first.groups_note) == ("", "")
    assert [column.keys["part"] for column in first.worst.columns] == ["mean", "change", "floor"]


@pytest.mark.parametrize(("data", "banner"), [({"synthetic": True}, SYNTHETIC), ({"name": "synthetic"}, "")])
def test_first_screen_has_a_banner_by_declaration_not_by_name(make_run, data, banner):
    run = make_run(
        corruptions=["smoke"], severities=[1], frames=2, gallery=False, edit=lambda _, i: i["data"].update(data)
    )
    assert report_data(run, FAST).first.banner == banner


def write_gate(run, checksum):
    gate = GateReport("plan", "undecided", (), 0.05, "holm", "subject", 6, "0", "", reference(checksum), None, ())
    gate.write(run.path / "gate.json")


def reference(checksum):
    return RunReference("run", checksum, "data", "suite", 2, 2)


def test_first_screen_reads_the_gate_of_these_records_only(make_run):
    run = make_run(corruptions=["smoke"], severities=[1], frames=2, gallery=False)
    assert "decides nothing" in report_data(run, FAST).first.gate_text
    write_gate(run, run.info["checksum"])
    first = report_data(run, FAST).first
    assert first.gate.verdict == "undecided"
    assert "UNDECIDED" in first.gate_text
    assert "gate" in by_part(first.models)
    write_gate(run, "0" * 64)
    stale = report_data(run, FAST).first
    assert stale.gate is None
    assert "other records" in stale.gate_text
