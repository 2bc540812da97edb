"""A cell is trained once; another training in its place is refused with what differs; one failure stops nothing."""

import json
from dataclasses import replace

import pytest
import torch

from robustbench_endo import api
from robustbench_endo.errors import RunError
from robustbench_endo.evaluation.shard import Shard
from robustbench_endo.reproduction import grid
from robustbench_endo.reproduction.comparison_table import beside
from robustbench_endo.reproduction.datasets import drawn
from robustbench_endo.reproduction.presets import QUICK, chosen
from robustbench_endo.reproduction.runner import ExperimentRunner
from robustbench_endo.reproduction.training import train_cell

CPU = torch.device("cpu")


@pytest.fixture
def workshop(tmp_path):
    return ExperimentRunner(tmp_path, QUICK, {"mtlesd": drawn("mtlesd", QUICK)}, api.evaluate, CPU)


def test_a_cell_is_trained_once_and_never_silently_otherwise(workshop):
    cell, _ = chosen(grid("table2"), ["resnet101/mmoe/stch"]).jobs[0]
    made, data, settings = QUICK.made(cell), workshop.frames("mtlesd", "train"), QUICK.settings(cell)
    folder = train_cell(made, data, settings, workshop.folder(cell), CPU, None)
    written = (folder / "model.safetensors").stat().st_mtime_ns
    assert train_cell(made, data, settings, folder, CPU, None) == folder
    assert (folder / "model.safetensors").stat().st_mtime_ns == written
    assert not (folder / "state.pt").exists()
    with pytest.raises(RunError, match="epochs was 1, is 2"):
        train_cell(made, data, replace(settings, epochs=2), folder, CPU, None)
    (folder / "cell.json").write_text("{")
    with pytest.raises(RunError, match="got it damaged"):
        train_cell(made, data, settings, folder, CPU, None)


def test_one_failing_cell_does_not_stop_the_others(workshop):
    wanted = chosen(grid("table2"), ["resnet101/mmoe/stch", "dinov2/single-task/classification"])
    broken = workshop.folder(wanted.rows[0].cell)
    broken.mkdir(parents=True)
    (broken / "cell.json").write_text(json.dumps({"training": {"epochs": 9}, "finished": True, "seconds": 1}))
    outcomes = workshop.work(wanted)
    assert [outcome.failed for outcome in outcomes.values()] == [True, False]
    frame = beside(wanted, outcomes, QUICK)
    failed = frame[frame["state"] != "done"]
    assert failed["ours"].isna().all()
    assert failed["state"].str.contains("epochs was 9, is 1").all()
    rest = frame[frame["state"] == "done"]
    assert set(rest["metric"]) == {"accuracy", "f_score"}
    assert rest["ours"].notna().all()
    compared = rest[rest["protocol"] == "endoarss"]
    assert (compared["difference"] == compared["ours"] - compared["published"]).all()
    assert rest.loc[rest["protocol"] == "standard", "published"].isna().all()


def test_a_shard_leaves_the_others_alone(workshop):
    wanted = chosen(grid("table2"), ["resnet101/mmoe/stch", "endoarss/tesla"])
    workshop.shard = Shard(2, 2)
    first, second = workshop.work(wanted).values()
    assert first.problem == "left to another shard"
    assert not first.failed
    assert second.results["endoarss"].protocol == "endoarss"
