"""A cell is trained once, in a folder that describes it."""

from dataclasses import replace

import pytest
import torch

from robustbench_endo.errors import RunError
from robustbench_endo.reproduction import grid
from robustbench_endo.reproduction.datasets import synthetic_source
from robustbench_endo.reproduction.presets import QUICK, select_rows
from robustbench_endo.reproduction.training import read_cell, train_cell

CPU = torch.device("cpu")


def test_train_cell_trains_once_and_rejects_other_settings(tmp_path):
    cell, _ = select_rows(grid("table2"), ["resnet101/mmoe/stch"]).runs[0]
    trained, settings = QUICK.substitute(cell), QUICK.settings(cell)
    data = synthetic_source("mtlesd", QUICK).load("train")
    folder = train_cell(trained, data, settings, tmp_path / "cell", CPU, None)
    written = (folder / "model.safetensors").stat().st_mtime_ns
    assert train_cell(trained, data, settings, folder, CPU, None) == folder
    assert (folder / "model.safetensors").stat().st_mtime_ns == written
    assert not (folder / "state.pt").exists()
    with pytest.raises(RunError, match="epochs changed from 1 to 2"):
        train_cell(trained, data, replace(settings, epochs=2), folder, CPU, None)
    (folder / "cell.json").write_text("{")
    with pytest.raises(RunError, match="Cannot parse .*cell.json: invalid JSON"):
        train_cell(trained, data, settings, folder, CPU, None)


def test_read_cell_before_the_training_is_none(tmp_path):
    assert read_cell(tmp_path) is None
