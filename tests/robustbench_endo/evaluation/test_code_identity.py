"""Digests of the code of models, data, corruptions and metrics."""

import dataclasses
import functools
import importlib
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from robustbench_endo.errors import RunError
from robustbench_endo.evaluation.code_identity import code_digests
from robustbench_endo.evaluation.provenance import describe_code
from robustbench_endo.models import load_model
from robustbench_endo.plugins import resolve

NET = """
import torch
from torch import nn
from scaling import scale

class Net(nn.Module):
    def forward(self, images):
        return {"segmentation": scale(torch.cat((images[:, :1], images[:, 1:2]), 1))}

def build():
    return Net()
"""


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A user's model in a file, which imports a module from the same folder."""
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "scaling", raising=False)
    (tmp_path / "scaling.py").write_text("def scale(values):\n    return 2 * values\n")
    (tmp_path / "net.py").write_text(NET)
    importlib.invalidate_caches()
    yield tmp_path
    sys.modules.pop("scaling", None)


def build(package):
    """The model, from its files as they are now."""
    sys.modules.pop("scaling", None)
    return resolve("model", f"{package / 'net.py'}:build", {})()


def test_code_digests_cover_the_file_and_what_it_imports(package):
    first = code_digests(build(package))
    assert set(first) == {"net.py", "scaling"}
    (package / "scaling.py").write_text("def scale(values):\n    return values\n")
    second = code_digests(build(package))
    assert first["net.py"] == second["net.py"]
    assert first["scaling"] != second["scaling"]


def test_code_digests_cover_hooks_functions_and_parts(package):
    net = build(package)
    assert "net.py" in code_digests(torch.nn.Sequential(torch.nn.Identity(), net))
    assert "net.py" in code_digests(functools.partial(len, net))
    hooked = torch.nn.Identity()
    hooked.register_forward_pre_hook(net.forward.__func__)
    assert "net.py" in code_digests(hooked)


def test_code_digests_of_models_of_this_package_and_of_torch_are_empty():
    assert code_digests(load_model("tiny-resnet/mmoe", weights="pretrained")) == {}
    assert code_digests(torch.nn.Linear(2, 3), np.float64(1), len) == {}


def test_code_digests_of_an_installed_package_are_its_version():
    pytest.importorskip("albumentations")
    import albumentations

    assert code_digests(albumentations.Blur()).get("albumentations") == albumentations.__version__


def test_code_digests_include_files(tmp_path):
    (tmp_path / "adapter.toml").write_text("a = 1")
    assert list(code_digests(files=[tmp_path / "adapter.toml", tmp_path / "missing.toml"])) == ["adapter.toml"]


def test_run_plan_does_not_resume_with_other_code_of_equal_weights(make_plan, run, package):
    run(make_plan(frames=1, models={"ours": build(package)}))
    (package / "scaling.py").write_text("def scale(values):\n    return -values\n")
    with pytest.raises(RunError, match="Cannot resume .*: code, model ours, scaling changed from"):
        run(make_plan(frames=1, models={"ours": build(package)}))


@pytest.mark.parametrize("part", ["data", "metric", "corruption"])
def test_describe_code_covers_data_metrics_and_corruptions(make_plan, tmp_path, monkeypatch, part):
    plan = make_plan(frames=1)
    (tmp_path / "users_code.py").write_text("class Base:\n    pass\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "users_code", raising=False)
    base = importlib.import_module("users_code").Base
    if part == "data":
        changed = dataclasses.replace(plan, dataset=type("Data", (base,), {"name": "own"})())
    elif part == "metric":
        changed = dataclasses.replace(plan, user_metrics=[type("Own", (base,), {"name": "own"})()])
    else:
        corruption = plan.suite.get("contrast")
        users = type("Own", (base, type(corruption)), {})
        suite = SimpleNamespace(get=lambda name: object.__new__(users) if name == "contrast" else corruption)
        changed = dataclasses.replace(plan, suite=suite)
    code = describe_code(changed)
    name = {"data": "data own", "metric": "metric own", "corruption": "corruption contrast"}[part]
    assert "users_code" in code[name]


def test_code_digests_of_an_object_that_holds_its_own_methods(package):
    net = build(package)
    net.__dict__["hook"] = net.forward
    net.__dict__["again"] = functools.partial(net.forward)
    assert "net.py" in code_digests(net)


def test_code_digests_of_an_exported_program_are_its_file(tmp_path):
    program = torch.export.export(Exported(), (torch.zeros(2, 3, 32, 32),))
    torch.export.save(program, tmp_path / "net.pt2")
    model = load_model(str(tmp_path / "net.pt2"), labels={"segmentation": 2})
    assert list(code_digests(model, files=model.source_files)) == ["net.pt2"]


class Exported(torch.nn.Module):
    """Two classes from the red channel."""

    def forward(self, images):
        return {"segmentation": torch.cat((images[:, :1], -images[:, :1]), 1)}
