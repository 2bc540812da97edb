"""What a worker looks at before it computes; no cluster is needed for it."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn

from robustbench_endo.errors import RobustEndoError, RunError
from robustbench_endo.evaluation.engines.ray_payload import packed
from robustbench_endo.evaluation.engines.ray_worker import opened
from robustbench_endo.evaluation.run import begin
from robustbench_endo.models import load_model


@pytest.fixture
def sent(make_request, monkeypatch, tmp_path):
    """A parcel as it leaves a process that gives its folder and its data by relative paths."""
    package = pytest.importorskip("ray", reason="the extra `ray` is not installed")
    monkeypatch.chdir(tmp_path)
    request = make_request(frames=2)
    dataset = replace(request.dataset, root=Path("data"))
    work, _ = begin(replace(request, out=Path("run"), dataset=dataset))
    return package.cloudpickle.loads(packed(package, work))


def test_the_same_work_in_another_directory(sent, monkeypatch, tmp_path):
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path / "other")
    work = opened(sent)
    assert work.folder.path == tmp_path / "run"
    assert work.missing() == [0, 1, 2, 3]
    assert work.request.workers == 1
    assert len(work.request.dataset[0].image) == 3


def test_a_machine_without_the_run_folder(sent):
    shutil.rmtree(sent.request.out)
    with pytest.raises(RunError, match=r"got no run.json there: give an --out on a file system that all machines"):
        opened(sent)
    assert not sent.request.out.exists()


def test_a_machine_with_another_run(sent):
    with pytest.raises(RunError, match="got another run there"):
        opened(replace(sent, identity={**sent.identity, "seed": 5}))


def test_a_machine_without_the_data(sent):
    shutil.rmtree("data")
    with pytest.raises(RunError, match="Expected the same data .* got other files or none: put the data on"):
        opened(sent)


def test_a_machine_without_the_device(sent, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    with pytest.raises(RobustEndoError, match="Expected a CUDA device"):
        opened(replace(sent, request=replace(sent.request, device=torch.device("cuda"))))


class Brightness(nn.Module):
    def forward(self, images: torch.Tensor) -> torch.Tensor:
        mean = images.mean(dim=(1, 2, 3))[:, None] - 0.5
        return torch.cat((mean, -mean), 1)


@pytest.fixture
def scripted(make_request, tmp_path):
    """A parcel with a model of a file, which cannot be pickled, and that file."""
    package = pytest.importorskip("ray", reason="the extra `ray` is not installed")
    file = tmp_path / "model.pt"
    torch.jit.save(torch.jit.trace(Brightness(), torch.zeros(2, 3, 48, 64)), file)
    request = make_request(frames=2)
    model = load_model(str(file), classes=request.dataset.classes, activities=request.dataset.activities)
    work, _ = begin(replace(request, models={"scripted": model}))
    return package.cloudpickle.loads(packed(package, work)), file


@pytest.mark.filterwarnings("ignore:.torch.jit:FutureWarning")
@pytest.mark.filterwarnings("ignore:.torch.jit:DeprecationWarning")
def test_a_model_of_a_file_is_loaded_again(scripted):
    model = opened(scripted[0]).job.models["scripted"]
    images = torch.rand(2, 3, 48, 64)
    assert torch.equal(model(images)["activity"], Brightness()(images))


@pytest.mark.filterwarnings("ignore:.torch.jit:FutureWarning")
@pytest.mark.filterwarnings("ignore:.torch.jit:DeprecationWarning")
def test_a_machine_with_another_model_file(scripted):
    parcel, file = scripted
    torch.jit.save(torch.jit.trace(nn.Sequential(Brightness(), nn.Identity()), torch.zeros(2, 3, 48, 64)), file)
    with pytest.raises(RunError, match="Expected the model .*model.pt as it was where the run began"):
        opened(parcel)
    file.unlink()
    with pytest.raises(RobustEndoError):
        opened(parcel)
