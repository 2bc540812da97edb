"""A run in the form in which workers receive it."""

import pickle
import sys
from types import ModuleType, SimpleNamespace

import pytest
import torch

from robustbench_endo.errors import RunError
from robustbench_endo.evaluation.engines import ray_payload
from robustbench_endo.evaluation.engines.ray_payload import PROBE_FRAMES, RayPayload, by_value, serialize
from robustbench_endo.evaluation.run import open_run


def test_serialize_of_a_plan_gives_absolute_paths_and_one_thread(make_plan):
    plan = make_plan(frames=2, models={"m": torch.nn.Identity()})
    open_run(plan)
    registered = SimpleNamespace(
        dumps=pickle.dumps,
        register_pickle_by_value=lambda module: None,
        unregister_pickle_by_value=lambda module: None,
    )
    payload = pickle.loads(serialize(SimpleNamespace(cloudpickle=registered), plan))
    assert isinstance(payload, RayPayload)
    assert payload.config.out.is_absolute()
    assert (payload.config.workers, payload.config.device, payload.config.engine) == (1, "cpu", "local")
    assert payload.chunks == plan.chunks
    assert len(payload.probe) <= PROBE_FRAMES


def test_serialize_of_an_object_that_cannot_be_sent_raises(make_plan):
    plan = make_plan(frames=1, models={"m": torch.nn.Identity()})
    open_run(plan)

    def refuse(value):
        raise TypeError("cannot pickle 'generator' object")

    refusing = SimpleNamespace(
        dumps=refuse, register_pickle_by_value=lambda module: None, unregister_pickle_by_value=lambda module: None
    )
    with pytest.raises(RunError, match="Cannot send models, metrics and data to other machines: TypeError"):
        serialize(SimpleNamespace(cloudpickle=refusing), plan)


def test_by_value_sends_modules_of_the_user(monkeypatch):
    module = ModuleType("a_module_of_the_user")
    module.__file__ = "a_module_of_the_user.py"
    monkeypatch.setitem(sys.modules, module.__name__, module)
    calls = []
    pickler = SimpleNamespace(register_pickle_by_value=calls.append, unregister_pickle_by_value=calls.append)
    with by_value(pickler):
        assert module in calls
        assert torch not in calls
    assert calls.count(module) == 2


def test_reloadable_model_is_vetted_unless_it_is_trusted(monkeypatch):
    trusted = []
    monkeypatch.setattr(ray_payload, "load_model", lambda spec, **options: trusted.append(options["trust_model_file"]))
    monkeypatch.setattr(ray_payload, "weights_sha256", lambda model: "digest")
    monkeypatch.setattr(ray_payload, "labels_of", lambda data: None)
    ray_payload.ReloadableModel("model.pt2", "digest").load(None)
    ray_payload.ReloadableModel("model.pt2", "digest", trust_model_file=True).load(None)
    assert trusted == [False, True]
