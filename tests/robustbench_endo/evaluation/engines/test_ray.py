"""Chunks on a Ray cluster of this machine: the same bytes for any workers, also when workers are lost."""

import gc
import os
import signal
import sys
import warnings

import pytest
import torch
from torch import nn

from robustbench_endo.errors import ModelError, OptionalDependencyError, RobustEndoError, RunError
from robustbench_endo.evaluation.config import EvaluationConfig
from robustbench_endo.evaluation.engines import choose_engine
from robustbench_endo.evaluation.engines import ray as ray_module
from robustbench_endo.evaluation.engines.ray import RayEngine, version_mismatch_message
from robustbench_endo.evaluation.profiler import Profiler
from robustbench_endo.evaluation.run import open_run
from robustbench_endo.models import load_model

pytestmark = [pytest.mark.ray, pytest.mark.slow]

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
    """A model that fails in some way the first time that it is called."""

    def __init__(self, inner, marker, failure):
        super().__init__()
        self.inner, self.marker, self.failure = inner, marker, failure

    def forward(self, images):
        if not self.marker.exists():
            self.marker.touch()
            self.failure()
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
        num_cpus=3,
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
        gc.collect()  # Ray drops its processes before it has waited for their end


@pytest.fixture(scope="module")
def computed():
    """What :func:`content` computed for the first test that needs it."""
    return []


@pytest.fixture
def content(computed, make_plan, run, tmp_path):
    """The bytes of a run in this process; they do not depend on the folder."""
    if not computed:
        run(make_plan(out=tmp_path / "here"))
        computed.append((tmp_path / "here" / "results.parquet").read_bytes())
    return computed[0]


def result(plan):
    return (plan.config.out / "results.parquet").read_bytes()


def ignore(done, total=None):
    """No progress is reported."""


@pytest.mark.parametrize("tasks", [1, 2, 3])
def test_ray_engine_gives_the_same_bytes_with_any_number_of_workers(cluster, make_plan, run, content, tasks):
    plan, steps = make_plan(), []
    results = run(plan, lambda done, total: steps.append((done, total)), RayEngine(tasks=tasks))
    assert result(plan) == content
    assert steps == [(done, 50) for done in range(0, 51, 5)]
    assert {"decode", "corrupt", "forward", "metrics", "write"} <= results.info["timings"].keys()
    assert len(results.gallery()) == 2
    assert cluster.is_initialized()


def test_ray_engine_gives_the_same_draws(cluster, make_plan, run, tmp_path):
    run(make_plan(frames=2, out=tmp_path / "here", replicates=2))
    plan = make_plan(frames=2, replicates=2)
    run(plan, engine=RayEngine(tasks=2))
    assert result(plan) == (tmp_path / "here" / "results.parquet").read_bytes()


def test_ray_engine_survives_a_worker_that_dies(cluster, make_plan, run, content, tmp_path):
    models = make_plan().models
    mortal = {**models, "low": Once(models["low"], tmp_path / "died", die)}
    plan = make_plan(models=mortal)
    run(plan, engine=RayEngine(tasks=2))
    assert (tmp_path / "died").exists()
    assert result(plan) == content
    assert not list((plan.config.out / "records").glob(".*"))


def test_ray_engine_reports_a_worker_that_always_dies(cluster, make_plan, run, monkeypatch, tmp_path):
    monkeypatch.setattr(ray_module, "MAX_RETRIES", 0)
    mortal = {"low": Once(make_plan().models["low"], tmp_path / "died", die)}
    with pytest.raises(RunError, match=r"A Ray worker failed 1 times .*Completed work is saved"):
        run(make_plan(models=mortal), engine=RayEngine(tasks=1))


def test_ray_engine_run_is_resumed_by_the_local_engine(cluster, make_plan, run, content):
    plan = make_plan()

    def interrupt(done, total):
        if done > total / 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(plan, interrupt, RayEngine(tasks=2))
    assert 4 <= len(list((plan.config.out / "records").glob("*.parquet"))) < 10
    run(plan)
    assert result(plan) == content


def test_ray_engine_passes_errors_of_the_package_on(cluster, make_plan, run):
    wrong = nn.Sequential(nn.Flatten(), nn.LazyLinear(3))
    with torch.no_grad():
        wrong(torch.zeros(1, 3, 48, 64))
    with pytest.raises(ModelError, match=r"^Expected a dict with 'segmentation' .* got Tensor\.$"):
        run(make_plan(models={"wrong": wrong}), engine=RayEngine())


def test_ray_engine_names_the_machine_of_a_lost_gpu(cluster, make_plan, run, tmp_path):
    models = {"low": Once(make_plan().models["low"], tmp_path / "lost", lose_the_device)}
    with pytest.raises(RunError, match="^On .*: Lost device cpu: CUDA error: unspecified launch failure.*saved"):
        run(make_plan(models=models), engine=RayEngine(tasks=1))


def test_ray_engine_sends_a_model_from_a_file(cluster, make_plan, run, tmp_path):
    file = tmp_path / "mine.py"
    file.write_text(CODE)
    models = {"mine": load_model(f"{file}:build", num_activities=2)}
    options = {"models": models, "corruptions": ("contrast",)}
    file.unlink()
    run(make_plan(out=tmp_path / "there", **options), engine=RayEngine())
    plan = make_plan(**options)
    run(plan)
    assert result(plan) == (tmp_path / "there" / "results.parquet").read_bytes()


def test_ray_engine_rejects_workers_with_other_versions(cluster, make_plan, run, monkeypatch):
    monkeypatch.setattr(ray_module, "versions", lambda: {"torch": "1.0", "nowhere": "2"})
    with pytest.raises(
        RunError, match=r"torch is 1.0 here and 2\..* there; nowhere is 2 here and not installed as a package there"
    ):
        run(make_plan(), engine=RayEngine())


def test_ray_engine_reports_records_that_do_not_arrive(cluster, make_plan, monkeypatch):
    monkeypatch.setattr(ray_module, "SHUTDOWN_TIMEOUT_S", 0.1)
    plan = make_plan(corruptions=("contrast",), severities=(1,))
    open_run(plan)
    monkeypatch.setattr(type(plan.folder), "missing_chunks", lambda self, chunks: list(chunks))
    with pytest.raises(RunError, match="got none of 10 that workers have written"):
        RayEngine()(plan, range(10), Profiler(), ignore)


def test_ray_engine_rejects_a_model_that_cannot_be_sent(cluster, make_plan, run):
    plan = make_plan()
    plan.models["low"].generator = (number for number in range(3))
    with pytest.raises(RunError, match="Cannot send models, metrics and data to other machines: .* or use --shard"):
        run(plan, engine=RayEngine())


@pytest.mark.parametrize(
    ("device", "text"),
    [
        ("mps", "Expected the device cpu or cuda with --engine ray, got mps"),
        ("cuda", "Expected a Ray cluster with a GPU for --device cuda, got none"),
    ],
)
def test_ray_engine_rejects_a_device_that_ray_does_not_assign(cluster, make_plan, device, text):
    plan = make_plan(frames=1)
    open_run(plan)
    object.__setattr__(plan, "device", torch.device(device))
    with pytest.raises(RobustEndoError, match=text):
        RayEngine()(plan, [0], Profiler(), ignore)


def test_choose_engine_without_ray_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(OptionalDependencyError, match=r"pip install 'robustbench-endo\[ray\]'"):
        choose_engine(EvaluationConfig(engine="ray"))


def test_version_mismatch_message_lists_each_package():
    message = version_mismatch_message({"host": "h", "torch": ["1", "2"]})
    assert message.startswith("Expected the same versions on h as here, got torch is 1 here and 2 there")
