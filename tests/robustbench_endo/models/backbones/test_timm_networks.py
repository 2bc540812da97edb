"""Weights of timm and of checkpoints of only the backbone."""

from __future__ import annotations

import re

import pytest
import timm
import torch

from robustbench_endo.errors import ModelError
from robustbench_endo.models import build
from robustbench_endo.models.weights import load_matching, load_weights


def test_timm_network_without_access_to_the_hub_raises(monkeypatch):
    def offline(*_, **__):
        raise OSError("no route to the hub")

    monkeypatch.setattr(timm, "create_model", offline)
    with pytest.raises(
        ModelError,
        match=r"Cannot load timm's pretrained weights of vit_small_patch14_dinov2 .* no route to the hub Conn",
    ):
        build("dinov2/hps@size=s", 2, 2, trunk="pretrained")
    with pytest.raises(ModelError, match="Expected a backbone with pretrained weights, got 'tiny-resnet/hps'"):
        build("tiny-resnet/hps", 2, 2, trunk="pretrained")


def original_convnext_name(name: str) -> str:
    """A tensor's name in the original repository of ConvNeXtV2, as SurgeNet publishes it."""
    name = name.replace("stem.", "downsample_layers.0.").replace(".blocks.", ".")
    name = re.sub(r"^stages\.(\d)\.downsample", r"downsample_layers.\1", name)
    name = name.replace("conv_dw", "dwconv").replace("mlp.fc", "pwconv")
    return name.replace("mlp.grn.bias", "grn.beta").replace("mlp.grn.weight", "grn.gamma")


def original_caformer_name(name: str) -> str:
    """The same for CAFormer."""
    name = name.replace("stem.norm", "downsample_layers.0.post_norm").replace("stem.", "downsample_layers.0.")
    name = re.sub(r"^stages\.(\d)\.downsample", r"downsample_layers.\1", name)
    name = re.sub(r"^(downsample_layers\.[1-3])\.norm", r"\1.pre_norm", name)
    return name.replace(".blocks.", ".").replace("head.norm", "norm")


def original_pvt_name(name: str) -> str:
    """The same for PVTv2."""
    name = re.sub(r"^patch_embed", "patch_embed1", name).replace("mlp.dwconv", "mlp.dwconv.dwconv")
    for form, original in ((r"\.blocks", "block"), (r"\.downsample", "patch_embed"), (r"\.norm", "norm")):
        name = re.sub(rf"^stages\.(\d){form}", lambda match, o=original: f"{o}{int(match[1]) + 1}", name)
    return name


@pytest.mark.parametrize(
    ("backbone", "original", "prefix"),
    [
        ("convnextv2_atto", original_convnext_name, ""),
        pytest.param("caformer_s18", original_caformer_name, "", marks=pytest.mark.slow),
        ("pvt_v2_b0", original_pvt_name, "backbone."),
    ],
)
def test_timm_network_surgenet_checkpoint_goes_into_every_expert(backbone, original, prefix):
    plain = timm.create_model(backbone, num_classes=0)
    published = {prefix + original(name): tensor for name, tensor in plain.state_dict().items()}
    network = build(f"timm:{backbone}/mmoe@head_channels=8", 3, 2)
    fresh = load_matching(network, {**published, f"{prefix}head.weight": torch.zeros(12, 320)})
    assert all(name.startswith(("heads.", "trunk.gates.")) for name in fresh)
    for expert in network.trunk.experts:
        for name, tensor in expert.body.network.state_dict().items():
            assert torch.equal(tensor, plain.state_dict()[name]), name


def test_timm_network_checkpoint_below_adapters_or_of_another_backbone():
    plain = timm.create_model("vit_small_patch14_dinov2", num_classes=0)
    network = build("dinov2/tesla@size=s,head_channels=8", 3, 2)
    with pytest.raises(ModelError, match="no name is the same; if it is only a backbone, start a training from it"):
        load_weights(network, plain.state_dict(), "file.pth")
    load_matching(network, {**plain.state_dict(), "mask_token": torch.zeros(1, 384)})
    adapted = network.trunk.encoder.body.network
    assert torch.equal(adapted.blocks[3].attn.qkv.shared.weight, plain.blocks[3].attn.qkv.weight)
    assert torch.equal(adapted.pos_embed, plain.pos_embed)
    with pytest.raises(ModelError, match="Expected a checkpoint of the backbone vit_small.* got 174 of its 174"):
        load_matching(network, {"conv1.weight": torch.zeros(3)})
