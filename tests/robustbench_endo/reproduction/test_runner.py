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
    compared = rest[rest["protocol"] == "endoarss"]
    assert (compared["difference"] == compared["reproduced"] - compared["published"]).all()
    assert rest.loc[rest["protocol"] == "standard", "published"].isna().all()


def test_run_of_a_shard_leaves_other_cells_out(runner):
    selected = select_rows(grid("table2"), ["resnet101/mmoe/stch", "endoarss/tesla"])
    runner.shard = Shard(2, 2)
    first, second = runner.run(selected).values()
    assert first.problem == "computed by another shard"
    assert not first.failed
    assert second.results["endoarss"].protocol == "endoarss"
