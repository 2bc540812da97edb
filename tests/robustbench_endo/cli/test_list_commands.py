"""`robust-endo corruptions` prints cause, parameters with units and citation; `models` prints size and cost."""

import json

import pytest
import torch

from robustbench_endo.corruptions import load_suite
from robustbench_endo.models.summary import describe_model
from robustbench_endo.models.zoo import ZOO


def test_corruptions_prints_every_parameter(robust_endo, monkeypatch):
    monkeypatch.setenv("COLUMNS", "400")
    text = robust_endo("corruptions").stdout
    for entry in load_suite("endo19").describe():
        assert f"{entry['name']} ({entry['category']})" in text
        assert entry["cause"] in text
        assert entry["citation"] in text
        assert all(name in text for name in entry["severities"][0])
        assert all(unit in text for unit in entry["units"].values())


def test_corruptions_of_another_suite(robust_endo, monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    lines = robust_endo("corruptions", "-c", "gaussian_noise", "--suite", "imagenet-c").stdout.splitlines()
    assert "lengths are in pixels of the frame itself" in lines[0]
    assert "  std (share of white)  0.08  0.12  0.18  0.26  0.38" in [line.rstrip() for line in lines]
    assert "  constant: grain 1 px" in [line.rstrip() for line in lines]


def test_corruptions_json_equals_describe(robust_endo):
    entries = json.loads(robust_endo("corruptions", "-c", "blur", "--json").stdout)
    assert entries == [entry for entry in load_suite("endo19").describe() if entry["category"] == "blur"]


def test_corruptions_rejects_unknown_names(robust_endo):
    assert "did you mean smoke" in robust_endo("corruptions", "-c", "smok").stderr
    assert "'endo20'" in robust_endo("corruptions", "--suite", "endo20").stderr


@pytest.mark.slow
def test_models_prints_every_model(robust_endo, monkeypatch):
    names = []

    def quick(name):
        names.append(name)
        return describe_model("tiny-resnet/hps")

    monkeypatch.setattr("robustbench_endo.models.summary.describe_model", quick)
    monkeypatch.setenv("COLUMNS", "80")
    text = robust_endo("models").stdout
    assert text.count("tiny-resnet/hps") == len(names) >= len(ZOO)
    note = " ".join(text.split())
    for part in ("timm:pvt_v2_b2), CC BY-NC-SA 4.0, no commercial use", "DINOv3 License", "they state no licence"):
        assert part in note


def test_models_prints_size_and_cost(robust_endo, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    lines = robust_endo("models", "-m", "tiny-resnet/mmoe", "-m", "dinov2/tesla").stdout.splitlines()
    assert lines[0].split() == ["Model", "Params", "Trained", "GMACs", "MiB", "Input", "Labels", "Weights"]
    assert lines[1].split() == ["tiny-resnet/mmoe", "0.391", "0.391", "0.365", "4.93", "160x208", "7+3", "shipped"]
    large = lines[2].split()
    assert float(large[1]) > 10 * float(large[2])  # a frozen trunk with small adapters
    note = " ".join(" ".join(lines[3:]).split())
    assert "one frame at the input size, height x width, in float32" in note
    assert "Available weights: shipped: Apache-2.0 (tiny-resnet); Meta's trunk: Apache-2.0 (dinov2)." in note


def test_models_describes_user_model(robust_endo, model_file, tmp_path):
    adapter = tmp_path / "a.toml"
    adapter.write_text('input_size = [64, 80]\nclasses = ["a", "b", "b"]\n')
    result = robust_endo("models", "-m", f"{model_file}:build#{adapter}", "--json")
    (entry,) = json.loads(result.stdout)
    assert (entry["input_size"], entry["outputs"], entry["weights"]) == ([64, 80], {"segmentation": 2}, "yours")
    assert (entry["parameters"], entry["gmacs"], entry["peak_mib"]) == (0, None, None)


@pytest.mark.parametrize(
    ("spec", "texts"),
    [
        ("tiny-resnet/mmo", ["did you mean tiny-resnet/mmoe"]),
        ("nothing.onnx", ["Expected a model file, got no nothing.onnx"]),
    ],
)
def test_models_rejects_missing_model(robust_endo, spec, texts):
    result = robust_endo("models", "-m", spec)
    assert result.exit_code == 2
    assert all(text in result.stderr for text in texts)


def test_models_rejects_model_that_fails(robust_endo, tmp_path):
    (tmp_path / "m.py").write_text("from torch import nn\ndef build(): return nn.Linear(3, 2)\n")
    result = robust_endo("models", "-m", f"{tmp_path}/m.py:build")
    assert result.exit_code == 2
    assert "on a float frame (1, 3, 512, 640) in [0, 1]: " in result.stderr
    assert torch.is_grad_enabled()
