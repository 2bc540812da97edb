"""`robust-endo corruptions` says cause, parameters with unit, reference; `models` says size and cost."""

import json

import pytest
import torch
from torch import nn

from robustbench_endo.corruptions import load_suite
from robustbench_endo.models.summary import cost_of, describe_model
from robustbench_endo.models.zoo import ZOO


def test_every_parameter_of_every_corruption(robust_endo, monkeypatch):
    monkeypatch.setenv("COLUMNS", "400")
    text = robust_endo("corruptions").stdout
    for entry in load_suite("endo19").describe():
        assert f"{entry['name']} ({entry['category']})" in text
        assert entry["cause"] in text
        assert entry["citation"] in text
        assert all(name in text for name in entry["severities"][0])
        assert all(unit in text for unit in entry["units"].values())


def test_one_corruption_of_one_suite(robust_endo, monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    lines = robust_endo("corruptions", "-c", "gaussian_noise", "--suite", "imagenet-c").stdout.splitlines()
    assert "lengths are pixels of the frame itself" in lines[0]
    assert "  std (share of white)  0.08  0.12  0.18  0.26  0.38" in [line.rstrip() for line in lines]
    assert "  always: grain 1 px" in [line.rstrip() for line in lines]


def test_json_is_what_describe_says(robust_endo):
    listed = json.loads(robust_endo("corruptions", "-c", "blur", "--format", "json").stdout)
    assert listed == [entry for entry in load_suite("endo19").describe() if entry["category"] == "blur"]


def test_bad_names(robust_endo):
    assert "did you mean smoke" in robust_endo("corruptions", "-c", "smok").stderr
    assert "'endo20'" in robust_endo("corruptions", "--suite", "endo20").stderr


def test_every_model_has_a_row(robust_endo, monkeypatch):
    asked = []

    def quick(name):
        asked.append(name)
        return describe_model("tiny-resnet/hps")

    monkeypatch.setattr("robustbench_endo.models.summary.describe_model", quick)
    monkeypatch.setenv("COLUMNS", "80")
    assert robust_endo("models").stdout.count("tiny-resnet/hps") == len(asked) >= len(ZOO)


def test_a_model_in_numbers(robust_endo, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    lines = robust_endo("models", "-m", "tiny-resnet/mmoe", "-m", "dinov2/tesla").stdout.splitlines()
    assert lines[0].split() == ["Model", "Params", "Trained", "GMACs", "MiB", "Input", "Tasks", "Weights"]
    assert lines[1].split() == ["tiny-resnet/mmoe", "0.391", "0.391", "0.365", "4.93", "160x208", "7+3", "shipped"]
    large = lines[2].split()
    assert float(large[1]) > 10 * float(large[2])  # a frozen trunk with small adapters
    note = " ".join(" ".join(lines[3:]).split())
    assert "one frame at the input size, height x width, in float32" in note
    assert "Weights that one can have: shipped: Apache-2.0 (tiny-resnet); Meta's trunk: Apache-2.0 (dinov2)." in note


def test_a_users_model_in_numbers(robust_endo, model_file, tmp_path):
    adapter = tmp_path / "a.toml"
    adapter.write_text('input_size = [64, 80]\nclasses = ["a", "b", "b"]\n')
    result = robust_endo("models", "-m", f"{model_file}:build#{adapter}", "--format", "json")
    (entry,) = json.loads(result.stdout)
    assert (entry["input_size"], entry["outputs"], entry["weights"]) == ([64, 80], {"segmentation": 2}, "yours")
    assert (entry["parameters"], entry["gmacs"], entry["peak_mib"]) == (0, None, None)


def test_a_checkpoint_in_numbers():
    from robustbench_endo.models.shipped import folder_of

    folder = folder_of("tiny-resnet/mmoe")
    if not folder.is_dir():
        pytest.skip("the checkpoints have not been built: make checkpoints")
    assert describe_model(str(folder)).gmacs == describe_model("tiny-resnet/mmoe").gmacs


def test_cost_of_a_convolution():
    class Twice(nn.Sequential):
        def forward(self, images):
            return {"segmentation": super().forward(images)}

    net = Twice(nn.Conv2d(3, 8, 3, padding=1, bias=False), nn.Identity(), nn.Conv2d(8, 2, 1, bias=False))
    cost = cost_of(net, (16, 32))
    macs = 16 * 32 * (8 * 3 * 9 + 2 * 8)
    live = 4 * (8 * 3 * 9 + 2 * 8) + 4 * 16 * 32 * (8 + 2)  # weights, and both outputs at once
    assert cost.gmacs == pytest.approx(macs / 1e9)
    assert cost.peak_mib == pytest.approx(live / 2**20)
    assert cost.outputs == {"segmentation": 2}
    assert cost_of(net.to("meta"), (16, 32), "meta") == cost


def test_what_is_gone_is_not_counted():
    class Chain(nn.Module):
        def forward(self, images):
            for _ in range(9):
                images = images + 1
            return {"segmentation": images.view(1, 3, -1, 8).transpose(2, 3)}

    assert cost_of(Chain(), (8, 8)).peak_mib == pytest.approx(2 * 3 * 64 * 4 / 2**20)


@pytest.mark.parametrize(
    ("spec", "texts"),
    [
        ("tiny-resnet/mmo", ["did you mean tiny-resnet/mmoe"]),
        ("nothing.onnx", ["Expected a model file, got no nothing.onnx"]),
    ],
)
def test_models_that_are_not_there(robust_endo, spec, texts):
    result = robust_endo("models", "-m", spec)
    assert result.exit_code == 2
    assert all(text in result.stderr for text in texts)


def test_a_model_that_fails_on_a_frame(robust_endo, tmp_path):
    (tmp_path / "m.py").write_text("from torch import nn\ndef build(): return nn.Linear(3, 2)\n")
    result = robust_endo("models", "-m", f"{tmp_path}/m.py:build")
    assert result.exit_code == 2
    assert "to take a float frame (1, 3, 512, 640) in [0, 1], got that it fails" in result.stderr
    assert torch.is_grad_enabled()
