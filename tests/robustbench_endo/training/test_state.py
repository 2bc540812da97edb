"""Files of a training: resuming, damaged files, full disks."""

from __future__ import annotations

import csv
import struct

import pytest
import torch

from robustbench_endo.errors import RunError
from robustbench_endo.models import load_model
from robustbench_endo.training import TrainConfig, train, trainer
from robustbench_endo.training.state import read_state, save_history

QUICK = {"epochs": 1, "augment": "none"}


def test_restore_rejects_other_settings(tmp_path, squares, spec):
    train(spec, squares(4), config=TrainConfig(**QUICK), out=tmp_path)
    with pytest.raises(RunError, match="Cannot resume .*: batch_size changed from 8 to 2"):
        train(spec, squares(4), config=TrainConfig(**QUICK, batch_size=2), out=tmp_path)


def test_restore_rejects_damaged_state(tmp_path, squares, spec):
    (tmp_path / "state.pt").write_bytes(b"half a file")
    with pytest.raises(RunError, match="Cannot read the training state .*state.pt"):
        train(spec, squares(4), config=TrainConfig(**QUICK), out=tmp_path)


@pytest.mark.parametrize("error", [struct.error("unpack requires a buffer of 8 bytes"), EOFError("Ran out of input")])
def test_read_state_names_what_torch_raises_on_damage(tmp_path, monkeypatch, error):
    def load(*args, **options):
        raise error

    (tmp_path / "state.pt").touch()
    monkeypatch.setattr(torch, "load", load)
    with pytest.raises(RunError, match=f"Cannot read the training state .*state.pt: {error}"):
        read_state(tmp_path)


def test_save_state_on_a_full_disk_keeps_the_last_checkpoint(tmp_path, squares, spec, weights, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    config = TrainConfig(epochs=3, batch_size=4, augment="none")
    straight = train(spec, squares(8), config=config, out=tmp_path / "straight")
    save = trainer.save_state

    def second_fails(folder, loop, history, run):
        if len(history) == 2:
            monkeypatch.setattr(torch, "save", full)
        save(folder, loop, history, run)

    with monkeypatch.context() as patched:
        patched.setattr(trainer, "save_state", second_fails)
        with pytest.raises(RunError, match="Cannot write .*state.pt: .*No space"):
            train(spec, squares(8), config=config, out=tmp_path / "full")
    monkeypatch.undo()
    assert not [path for path in (tmp_path / "full").iterdir() if path.name.startswith(".")]
    load_model(str(tmp_path / "full"))
    resumed = train(spec, squares(8), config=config, out=tmp_path / "full")
    first, second = weights(straight), weights(resumed)
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_save_history_writes_one_row_per_epoch(tmp_path):
    save_history(tmp_path, [{"loss": 2.0}, {"loss": 1.0, "miou": 0.5}])
    rows = list(csv.DictReader((tmp_path / "history.csv").read_text("utf-8").splitlines()))
    assert rows == [{"epoch": "0", "loss": "2.0", "miou": ""}, {"epoch": "1", "loss": "1.0", "miou": "0.5"}]
