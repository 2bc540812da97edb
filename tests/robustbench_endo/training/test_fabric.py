"""Devices, precision, random state and loggers."""

from __future__ import annotations

import shutil

import pytest
import torch

from robustbench_endo.errors import OptionalDependencyError, TrainingError, UnknownNameError
from robustbench_endo.evaluation.full_float32 import _has_newer
from robustbench_endo.tracking import LOGGERS
from robustbench_endo.training import TrainConfig, fabric, train
from robustbench_endo.training.fabric import Hardware, make_fabric, make_loggers, reproducible


@pytest.fixture
def slurm(monkeypatch):
    """A machine with Slurm, outside of a job."""
    pytest.importorskip("lightning_fabric", reason="the extra `train` is not installed")
    monkeypatch.delenv("SLURM_NTASKS", raising=False)
    monkeypatch.setattr(shutil, "which", lambda name, *args, **options: f"/usr/bin/{name}")


def test_make_fabric_on_one_machine_does_not_warn_about_srun(slurm, recwarn):
    make_fabric(Hardware(), "32-true")
    assert not [warning for warning in recwarn if "srun" in str(warning.message)]


@pytest.mark.skipif(not _has_newer(), reason="torch < 2.9 has only the older interface")
def test_make_fabric_accepts_the_newer_precision_interface(monkeypatch):
    pytest.importorskip("lightning_fabric", reason="the extra `train` is not installed")
    read = []

    class Library:
        """Stands for Fabric, which reads the precision of matrix products when it sets up a GPU."""

        __name__ = "lightning_fabric"

        def Fabric(self, **options):
            return self

        def launch(self):
            read.append(torch.get_float32_matmul_precision())

    monkeypatch.setattr(fabric, "fabric_library", Library)
    before = torch.backends.cuda.matmul.fp32_precision
    torch.backends.cuda.matmul.fp32_precision = "tf32"
    try:
        make_fabric(Hardware("cuda:0"), "32-true")
        assert read == ["highest"]
        assert torch.backends.cuda.matmul.fp32_precision == "tf32"
    finally:
        torch.backends.cuda.matmul.fp32_precision = before


def test_make_fabric_rejects_fp16_on_cpu():
    with pytest.raises(TrainingError, match="a GPU for the precision 16-mixed, got cpu"):
        make_fabric(Hardware(), "16-mixed")


def test_hardware_rejects_no_device_and_sets_threads():
    with pytest.raises(TrainingError, match="Expected devices >= 1, got 0"):
        Hardware(devices=0)
    assert (Hardware().threads, Hardware(workers=3).threads) == (1, 3)


def test_reproducible_seeds_and_restores_the_random_state():
    launched = make_fabric(Hardware(), "32-true")
    state, values = torch.get_rng_state(), []
    for _ in range(2):
        with reproducible(3, launched):
            values.append(torch.rand(2))
    assert torch.equal(*values)
    assert torch.equal(torch.get_rng_state(), state)


def test_tensorboard_has_each_step_once(tmp_path, squares, spec):
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    train(
        spec,
        squares(8),
        squares(4),
        TrainConfig(epochs=2, batch_size=4, augment="none"),
        out=tmp_path,
        loggers=("tensorboard",),
    )
    events = EventAccumulator(str(tmp_path / "tensorboard"))
    events.Reload()
    assert [event.step for event in events.Scalars("loss")] == [0, 1, 2, 3]
    assert len(events.Scalars("validation/miou")) == 2


def test_make_loggers_rejects_unknown_name(tmp_path):
    with pytest.raises(UnknownNameError, match="did you mean tensorboard"):
        make_loggers(("tensorbord",), tmp_path, 0)


def test_make_loggers_names_missing_package(tmp_path, monkeypatch):
    def missing(folder, step):
        raise ModuleNotFoundError("No module named 'wandb'")

    assert fabric._FACTORIES.keys() == set(LOGGERS)
    monkeypatch.setitem(fabric._FACTORIES, "wandb", missing)
    with pytest.raises(OptionalDependencyError, match="the package of the logger wandb, got it not installed"):
        make_loggers(("wandb",), tmp_path, 0)
