"""The content of run.json identifies models, data, code and machine."""

from datetime import datetime

import pytest
import torch

from robustbench_endo.evaluation import provenance
from robustbench_endo.evaluation.provenance import (
    commit,
    describe_run,
    environment,
    parameter_count,
    utc_now,
    versions,
)
from robustbench_endo.results.run_schema import STRUCTURE, _problems


def test_describe_run_identifies_models_and_data(make_plan):
    plan = make_plan(frames=2)
    info = describe_run(plan)
    assert [entry["name"] for entry in info["models"]] == ["low", "high"]
    assert info["models"][0]["parameters"] == 1
    assert info["models"][0]["weights_sha256"] != info["models"][1]["weights_sha256"]
    assert info["data"]["frames"] == 4
    assert info["data"]["subjects"] == 2
    assert [entry["name"] for entry in info["corruptions"]] == ["gaussian_noise", "contrast"]
    assert info["config"]["severities"] == [1, 5]
    assert info["finished"] is None


def test_describe_run_identity_changes_with_what_changes_numbers(make_plan):
    identity = describe_run(make_plan(frames=1))["identity"]
    assert describe_run(make_plan(frames=1, workers=1, notes=("note",)))["identity"] == identity
    for change in (
        {"seed": 1},
        {"replicates": 2},
        {"severities": (2,)},
        {"resolution": 64},
        {"limit": 1},
        {"precision": "bf16"},
    ):
        assert describe_run(make_plan(frames=1, **change))["identity"] != identity


def test_environment_names_versions_and_device():
    info = environment(torch.device("cpu"))
    assert info["device"].startswith("cpu: ")
    assert info["versions"] == versions()
    assert {"robustbench-endo", "torch", "numpy"} <= set(info["versions"])


@pytest.mark.parametrize("failure", [None, "the package triton is not installed"])
def test_environment_says_whether_triton_works_on_a_gpu(failure, monkeypatch):
    monkeypatch.setattr(provenance, "triton_failure", lambda device: failure)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: "a GPU")
    info = environment(torch.device("cuda:0"))
    assert info["triton"] == {"available": failure is None, "reason": failure}
    assert not list(_problems(info["triton"], STRUCTURE["?triton"], "triton"))
    assert "triton" not in environment(torch.device("cpu"))


def test_commit_is_a_hash_or_absent():
    head = commit()
    assert head is None or len(head.rstrip("+")) == 40


def test_parameter_count_of_other_objects_is_zero():
    assert parameter_count(torch.nn.Linear(2, 3)) == 9
    assert parameter_count(lambda images: images) == 0


def test_utc_now_is_iso_8601_in_utc():
    assert datetime.fromisoformat(utc_now()).utcoffset().total_seconds() == 0
