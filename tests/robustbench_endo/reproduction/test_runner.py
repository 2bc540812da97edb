"""Experiments are run once; one that fails does not stop the others."""

import json

import pytest
import torch

from robustbench_endo.evaluation.run import evaluate
from robustbench_endo.evaluation.shard import Shard
from robustbench_endo.reproduction import grid
from robustbench_endo.reproduction.comparison_table import comparison_table
from robustbench_endo.reproduction.datasets import synthetic_source
from robustbench_endo.reproduction.presets import QUICK, select_rows
from robustbench_endo.reproduction.runner import ExperimentRunner

CPU = torch.device("cpu")


@pytest.fixture
def runner(tmp_path):
    return ExperimentRunner(tmp_path, QUICK, {"mtlesd": synthetic_source("mtlesd", QUICK)}, evaluate, CPU)


def test_run_continues_after_a_cell_that_fails(runner):
    selected = select_rows(grid("table2"), ["resnet101/mmoe/stch", "dinov2/single-task/classification"])
    broken = runner.folder(selected.rows[0].cell)
    broken.mkdir(parents=True)
    (broken / "cell.json").write_text(json.dumps({"training": {"epochs": 9}, "finished": True, "seconds": 1}))
    outcomes = runner.run(selected)
    assert [outcome.failed for outcome in outcomes.values()] == [True, False]
    frame = comparison_table(selected, outcomes, QUICK)
    failed = frame[frame["state"] != "done"]
    assert failed["reproduced"].isna().all()
    assert failed["state"].str.contains("epochs changed from 9 to 1").all()
    rest = frame[frame["state"] == "done"]
    assert set(rest["metric"]) == {"accuracy", "f_score"}
    assert rest["reproduced"].notna().all()


def test_run_of_a_shard_leaves_other_cells_out(runner):
    selected = select_rows(grid("table2"), ["resnet101/mmoe/stch", "endoarss/tesla"])
    runner.shard = Shard(2, 2)
    first, second = runner.run(selected).values()
    assert first.problem == "computed by another shard"
    assert not first.failed
    assert second.results["endoarss"].protocol == "endoarss"


def test_run_of_clean_tables_evaluates_only_clean_frames(runner):
    ((key, outcome),) = runner.run(select_rows(grid("table2"), ["endoarss/tesla"])).items()
    assert set(outcome.results["endoarss"].frame["corruption"]) == {"clean"}
    assert (runner.folder(key[0]) / "clean-mtlesd-standard" / "results.parquet").is_file()


def test_run_of_several_seeds_resumes_and_lists_the_seed_that_failed(runner):
    selected = select_rows(grid("table2"), ["endoarss/tesla"])
    ((cell, _),) = selected.runs
    (first,) = runner.run(selected).values()
    weights = runner.folder(cell) / "model.safetensors"
    written = weights.stat().st_mtime_ns
    runner.num_seeds = 3
    broken = runner.folder(cell, 2)
    broken.mkdir()
    (broken / "cell.json").write_text(json.dumps({"training": {"epochs": 9}, "finished": True, "seconds": 1}))
    assert runner.untrained(selected) == [cell]
    (several,) = runner.run(selected).values()
    assert several.problem.startswith("seed 2: Cannot resume ")
    assert len(several.runs) == 2
    assert weights.stat().st_mtime_ns == written
    other = runner.folder(cell, 1)
    assert other.name == f"{runner.folder(cell).name}_seed1"
    assert json.loads((other / "cell.json").read_text())["training"]["seed"] == 1
    assert (other / "model.safetensors").read_bytes() != weights.read_bytes()
    assert several.results["endoarss"].frame.equals(first.results["endoarss"].frame)
    frame = comparison_table(selected, {(cell, "mtlesd"): several}, QUICK)
    assert set(frame["seeds"]) == {2}
    assert frame["sd"].notna().all()
