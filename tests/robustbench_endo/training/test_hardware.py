"""One machine trains without a word about Slurm, installed or not."""

import shutil

import pytest

from robustbench_endo.training.hardware import Hardware, make_fabric


@pytest.fixture
def slurm(monkeypatch):
    """A machine with Slurm, outside of a job."""
    pytest.importorskip("lightning_fabric", reason="the extra `train` is not installed")
    monkeypatch.delenv("SLURM_NTASKS", raising=False)
    monkeypatch.setattr(shutil, "which", lambda name, *told, **options: f"/usr/bin/{name}")


def test_one_machine_needs_no_srun(slurm, recwarn):
    make_fabric(Hardware(), "32-true")
    assert not [warning for warning in recwarn if "srun" in str(warning.message)]
