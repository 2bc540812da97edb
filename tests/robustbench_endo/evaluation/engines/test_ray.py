"""Chunks on a Ray cluster of this machine alone: the same bytes, whoever computes and whatever dies."""

import gc
import os
import signal
import sys
import warnings
from dataclasses import replace

import pytest
import torch
from torch import nn

from robustbench_endo.errors import ModelError, OptionalDependencyError, RobustEndoError, RunError
from robustbench_endo.evaluation.engines import choose_engine, ray
from robustbench_endo.evaluation.engines import ray as ray_task
from robustbench_endo.evaluation.engines.ray import RayEngine
from robustbench_endo.evaluation.profiler import Clock
from robustbench_endo.evaluation.run import begin, compute, run
from robustbench_endo.models import load_model

CODE = """
import os, signal
from torch import nn

class Threshold(nn.Module):
    def forward(self, images):
        mean = images.mean((1, 2, 3))[:, None] - 0.5
        return {"activity": helper(mean)}

def helper(mean):
    import torch
    return torch.cat((mean, -mean), 1)

def build(num_classes=None, num_activities=None):
    return Threshold()
"""


class Once(nn.Module):
    """A model that does something else than answering the first time that it is called."""

    def __init__(self, inner, marker, mishap):
        super().__init__()
        self.inner, self.marker, self.mishap = inner, marker, mishap

    def forward(self, images):
        if not self.marker.exists():
            self.marker.touch()
            self.mishap()
        return self.inner(images)


def die():
    os.kill(os.getpid(), signal.SIGKILL)


def lose_the_device():
    raise RuntimeError("CUDA error: unspecified launch failure\nCUDA kernel errors might be reported later")


@pytest.fixture(scope="module")
def cluster():
    """Ray on this machine, joined by this process."""
    package = pytest.importorskip("ray", reason="the extra `ray` is not installed")
    package.init(
        address="local",
        num_cpus=4,
        include_dashboard=False,
        log_to_driver=False,
        logging_level="error",
        object_store_memory=80 << 20,
        _system_config={"worker_niceness": 0},
    )
    yield package
    package.shutdown()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()  # Ray forgets its processes before it has waited for their end


@pytest.fixture
def content(make_request, tmp_path):
    """The bytes that a run of this process gives."""
    run(make_request(out=tmp_path / "here"))
    return (tmp_path / "here" / "results.parquet").read_bytes()


def result(request):
    return (request.out / "results.parquet").read_bytes()


@pytest.mark.parametrize("tasks", [1, 2, 4])
def test_same_bytes_with_any_number_of_workers(cluster, make_request, content, tasks):
    request, told = make_request(), []
    results = run(request, lambda done, total: told.append((done, total)), RayEngine(tasks=tasks))
    assert result(request) == content
    assert told == [(done, 50) for done in range(0, 51, 5)]
    assert {"decode", "corrupt", "forward", "metrics", "write"} <= results.info["timings"].keys()
    assert len(results.gallery()) == 2
    assert cluster.is_initialized()


def test_a_worker_dies_in_the_middle(cluster, make_request, content, tmp_path):
    request = make_request()
    mortal = {**request.models, "low": Once(request.models["low"], tmp_path / "died", die)}
    run(replace(request, models=mortal), engine=RayEngine(tasks=2))
    assert (tmp_path / "died").exists()
    assert result(request) == content
    assert not list((request.out / "records").glob(".*"))


def test_a_worker_that_always_dies(cluster, make_request, monkeypatch, tmp_path):
    monkeypatch.setattr(ray, "RETRIES", 0)
    request = make_request()
    mortal = {"low": Once(request.models["low"], tmp_path / "died", die)}
    with pytest.raises(RunError, match="got one lost 1 times .*what is finished is kept"):
        run(replace(request, models=mortal), engine=RayEngine(tasks=1))


def test_interrupted_and_resumed_elsewhere(cluster, make_request, content):
    request = make_request()

    def interrupt(done, total):
        if done > total / 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(request, interrupt, RayEngine(tasks=2))
    assert 4 <= len(list((request.out / "records").glob("*.parquet"))) < 10
    run(request)
    assert result(request) == content


def test_an_error_of_ours_is_that_error(cluster, make_request):
    request = make_request()
    wrong = nn.Sequential(nn.Flatten(), nn.LazyLinear(3))
    with torch.no_grad():
        wrong(torch.zeros(1, 3, 48, 64))
    with pytest.raises(ModelError, match=r"^Expected a dict with 'segmentation' .* got Tensor\.$"):
        run(replace(request, models={"wrong": wrong}), engine=RayEngine())


def test_a_gpu_that_vanishes(cluster, make_request, tmp_path):
    request = make_request()
    gone = {"low": Once(request.models["low"], tmp_path / "gone", lose_the_device)}
    with pytest.raises(RunError, match="^On .*: Expected an answer from cpu, got it gone .*launch failure.*kept"):
        run(replace(request, models=gone), engine=RayEngine(tasks=1))


def test_a_model_from_a_file(cluster, make_request, tmp_path):
    file = tmp_path / "mine.py"
    file.write_text(CODE)
    request = make_request(models={"mine": load_model(f"{file}:build", num_activities=2)}, corruptions=("contrast",))
    file.unlink()
    run(replace(request, out=tmp_path / "there"), engine=RayEngine())
    run(request)
    assert result(request) == (tmp_path / "there" / "results.parquet").read_bytes()


def test_workers_with_other_versions(cluster, make_request, monkeypatch):
    monkeypatch.setattr(ray_task, "versions", lambda: {"torch": "1.0", "nowhere": "2"})
    with pytest.raises(RunError, match=r"torch is 1.0 here and 2\..* there; nowhere is 2 here and not installed"):
        run(make_request(), engine=RayEngine())


def test_records_that_do_not_arrive(cluster, make_request, monkeypatch):
    monkeypatch.setattr(ray, "FAREWELL", 0.1)
    work, _ = begin(make_request(corruptions=("contrast",), severities=(1,)))
    engine = RayEngine()
    monkeypatch.setattr(type(work.folder), "without_chunk", lambda self, numbers: list(numbers))
    with pytest.raises(RunError, match="got none of 10 that workers have written"):
        compute(work, range(10), lambda done, total: None, engine, Clock())


def test_a_model_that_cannot_be_sent(cluster, make_request):
    request = make_request()
    request.models["low"].generator = (number for number in range(3))
    with pytest.raises(RunError, match="Expected models, metrics and data that can be sent .* use --shard"):
        run(request, engine=RayEngine())


@pytest.mark.parametrize(
    ("device", "text"),
    [
        ("mps", "Expected the device cpu or cuda with --engine ray, got mps"),
        ("cuda", "Expected a Ray cluster with a GPU for --device cuda, got none"),
    ],
)
def test_a_device_that_ray_does_not_hand_out(cluster, make_request, device, text):
    work, _ = begin(make_request(frames=1))
    elsewhere = replace(work, request=replace(work.request, device=torch.device(device)))
    with pytest.raises(RobustEndoError, match=text):
        compute(elsewhere, [0], lambda done, total: None, RayEngine(), Clock())


def test_without_ray(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(OptionalDependencyError, match=r"pip install 'robustbench-endo\[ray\]'"):
        choose_engine("ray")
