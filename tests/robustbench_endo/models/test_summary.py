"""Summaries of models: cost, licence, and the labels they are described with."""

from __future__ import annotations

import pytest
from torch import nn

from robustbench_endo.errors import ModelError
from robustbench_endo.models.checkpoint import folder_of
from robustbench_endo.models.summary import cost_of, describe_model, licence


def test_describe_model_of_a_checkpoint_has_the_cost_of_its_spec():
    folder = folder_of("tiny-resnet/mmoe")
    if not folder.is_dir():
        pytest.skip("the checkpoints have not been built: make checkpoints")
    assert describe_model(str(folder)).gmacs == describe_model("tiny-resnet/mmoe").gmacs


def test_cost_of_convolutions_counts_macs_and_live_memory():
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


def test_cost_of_freed_tensors_is_not_counted():
    class Chain(nn.Module):
        def forward(self, images):
            for _ in range(9):
                images = images + 1
            return {"segmentation": images.view(1, 3, -1, 8).transpose(2, 3)}

    assert cost_of(Chain(), (8, 8)).peak_mib == pytest.approx(2 * 3 * 64 * 4 / 2**20)


def test_describe_model_of_a_zoo_entry_has_counts_and_outputs():
    summary = describe_model("tiny-endoarss/tesla")
    assert dict(summary.outputs) == {"segmentation": 7, "activity": 3}
    assert summary.input_size == summary.measured_size == (160, 208)
    assert 0 < summary.trainable <= summary.parameters < 2e6


def test_describe_model_that_fails_on_a_frame_raises(tmp_path):
    (tmp_path / "mine.py").write_text("from torch import nn\ndef build():\n    return nn.Linear(3, 2)\n")
    with pytest.raises(ModelError, match="Cannot run the model .* on a float frame"):
        describe_model(f"{tmp_path}/mine.py:build")


@pytest.mark.parametrize(
    ("spec", "text"),
    [
        ("tiny-resnet/hps", "none shipped"),
        ("dinov3/mmoe", "DINOv3 License"),
        ("endoarss/official", "authors' release: no licence stated"),
        ("dinov2/tesla@size=s", "Meta's trunk: Apache-2.0"),
        ("timm:resnet18/hps", "timm's trunk: "),
        ("timm:caformer_s18/tesla@frozen=yes", "SurgeNet's: CC BY-NC-SA 4.0, no commercial use"),
        ("m.pt", "yours"),
    ],
)
def test_licence_of_weights_by_backbone(spec, text):
    assert text in licence(spec)
