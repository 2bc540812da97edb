"""Output of the reproduction: the plan, the table and its files."""

import torch

from robustbench_endo.cli.reproduce_output import cell_progress, print_plan, show_table
from robustbench_endo.evaluation.run import evaluate
from robustbench_endo.reproduction import grid
from robustbench_endo.reproduction.comparison_table import comparison_table
from robustbench_endo.reproduction.datasets import synthetic_source
from robustbench_endo.reproduction.presets import QUICK, select_rows
from robustbench_endo.reproduction.runner import CellResult, ExperimentRunner


def selected():
    return select_rows(grid("table2"), ["endoarss/tesla"])


def test_print_plan_lists_cells_with_state_and_duration(tmp_path, capsys):
    sources = {"mtlesd": synthetic_source("mtlesd", QUICK)}
    runner = ExperimentRunner(tmp_path, QUICK, sources, evaluate, torch.device("cpu"))
    print_plan(selected(), runner, ["a fact"])
    text = " ".join(capsys.readouterr().out.split())
    assert "a fact" in text
    assert "to train" in text
    assert "in total on cpu" in text
    assert not list(tmp_path.iterdir())


def test_show_table_writes_the_selected_formats(tmp_path, capsys):
    rows = selected()
    outcomes = {key: CellResult(problem="a reason") for key in rows.runs}
    table = comparison_table(rows, outcomes, QUICK)
    show_table(rows, table, outcomes, ["a note"], tmp_path, ("csv", "html"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["table2.csv", "table2.html"]
    assert "a reason" in (tmp_path / "table2.html").read_text("utf-8")
    assert "Written: " in capsys.readouterr().out
    show_table(rows, table, outcomes, [], tmp_path / "none", ())
    assert "Nothing written." in capsys.readouterr().out


def test_cell_progress_writes_to_standard_error(capsys):
    with cell_progress(selected()) as report:
        report("Training", 1, 2)
    assert capsys.readouterr().out == ""
