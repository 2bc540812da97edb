"""What a worker checks before it computes; no cluster is needed."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn

from robustbench_endo.errors import RobustEndoError, RunError
from robustbench_endo.evaluation.engines.ray_payload import serialize
from robustbench_endo.evaluation.engines.ray_worker import open_payload
from robustbench_endo.evaluation.run import open_run
from robustbench_endo.models import load_model
from robustbench_endo.tasks.registry import labels_of


@pytest.fixture
def payload(make_plan, monkeypatch, tmp_path):
    """A payload of a process that names its folder and its data by relative paths."""
    package = pytest.importorskip("ray", reason="the extra `ray` is not installed")
    monkeypatch.chdir(tmp_path)
    dataset = replace(make_plan(frames=2).dataset, root=Path("data"))
    plan = make_plan(dataset=dataset, out=Path("run"))
    open_run(plan)
    return package.cloudpickle.loads(serialize(package, plan))


def test_open_payload_in_another_directory_gives_the_same_plan(payload, monkeypatch, tmp_path):
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path / "other")
    plan = open_payload(payload)
    assert plan.folder.path == tmp_path / "run"
    assert plan.folder.missing_chunks(range(len(plan.chunks))) == [0, 1, 2, 3]
    assert plan.config.workers == 1
    assert len(plan.dataset[0].image) == 3


def test_open_payload_without_the_run_folder_raises(payload):
    shutil.rmtree(payload.config.out)
    with pytest.raises(RunError, match=r"got no run.json there: use an --out on a file system that all machines"):
        open_payload(payload)
    assert not payload.config.out.exists()


def test_open_payload_with_another_run_raises(payload):
    with pytest.raises(RunError, match="got another run there"):
        open_payload(replace(payload, identity={**payload.identity, "seed": 5}))


def test_open_payload_without_the_data_raises(payload):
    shutil.rmtree("data")
    with pytest.raises(RunError, match="Expected the same data .* got other files or none: put the data on"):
        open_payload(payload)


def test_open_payload_without_the_device_raises(payload, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    with pytest.raises(RobustEndoError, match="Expected a CUDA device"):
        open_payload(replace(payload, config=replace(payload.config, device="cuda")))


class Brightness(nn.Module):
    def forward(self, images: torch.Tensor) -> torch.Tensor:
        mean = images.mean(dim=(1, 2, 3))[:, None] - 0.5
        return torch.cat((mean, -mean), 1)


@pytest.fixture
def scripted(make_plan, tmp_path):
    """A payload with a model of a file, which cannot be pickled, and that file."""
    package = pytest.importorskip("ray", reason="the extra `ray` is not installed")
    file = tmp_path / "model.pt"
    torch.jit.save(torch.jit.trace(Brightness(), torch.zeros(2, 3, 48, 64)), file)
    labels = labels_of(make_plan(frames=2).dataset)
    plan = make_plan(frames=2, models={"scripted": load_model(str(file), labels=labels)})
    open_run(plan)
    return package.cloudpickle.loads(serialize(package, plan)), file


@pytest.mark.filterwarnings("ignore:.torch.jit:FutureWarning")
@pytest.mark.filterwarnings("ignore:.torch.jit:DeprecationWarning")
def test_open_payload_reloads_a_model_of_a_file(scripted):
    model = open_payload(scripted[0]).models["scripted"]
    images = torch.rand(2, 3, 48, 64)
    assert torch.equal(model(images)["activity"], Brightness()(images))


@pytest.mark.filterwarnings("ignore:.torch.jit:FutureWarning")
@pytest.mark.filterwarnings("ignore:.torch.jit:DeprecationWarning")
def test_open_payload_with_another_model_file_raises(scripted):
    payload, file = scripted
    torch.jit.save(torch.jit.trace(nn.Sequential(Brightness(), nn.Identity()), torch.zeros(2, 3, 48, 64)), file)
    with pytest.raises(RunError, match="Expected the model .*model.pt as it was where the run began"):
        open_payload(payload)
    file.unlink()
    with pytest.raises(RobustEndoError):
        open_payload(payload)
