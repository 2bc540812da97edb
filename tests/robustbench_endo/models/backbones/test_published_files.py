"""Files with the tensors, names and shapes of the released weights of SurgeNet, DINOv2 and DINOv3 go into backbones.

The names and shapes in ``published_tensors.json`` are those of the models in the repositories that it names; the
values are made up. Nothing is downloaded.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from robustbench_endo.errors import ModelError
from robustbench_endo.models import build
from robustbench_endo.models.weights import read_weights
from robustbench_endo.training.trainer import initialise

PUBLISHED = json.loads((Path(__file__).parent / "published_tensors.json").read_text(encoding="utf-8"))

FILES = [
    ("caformer_s18", "timm:caformer_s18/hps@head_channels=8", "SurgeNetXL_checkpoint_epoch0050_teacher.pth"),
    (
        "convnextv2_tiny",
        "timm:convnextv2_tiny/hps@head_channels=8",
        "SurgeNet_ConvNextv2_checkpoint_epoch0050_teacher.pth",
    ),
    ("pvt_v2_b2", "timm:pvt_v2_b2/hps@head_channels=8", "SurgeNet_PVTv2_checkpoint_epoch0050_teacher.pth"),
    ("dinov2_vits14", "dinov2/tesla@size=s,head_channels=8", "dinov2_vits14_pretrain.pth"),
    ("dinov3_vits16", "dinov3/tesla@size=s,head_channels=8", "dinov3_vits16_pretrain_lvd1689m-08c60483.pth"),
]
"""(network, spec, name of the released file)."""

UNUSED = ("head.", "mask_token", "rope_embed.", "norm.", "fc_norm.")
"""Beginnings of tensors that a backbone does not have, or that CAFormer and ConvNeXt apply after pooling."""


def made_up(name: str, qkv_bias: bool = True) -> dict[str, Tensor]:
    """Tensors of the published names and shapes; every one has another mean."""
    tensors = {}
    for number, (key, shape) in enumerate(PUBLISHED[name]["tensors"].items()):
        base = torch.linspace(-0.1, 0.1, steps=torch.Size(shape).numel()).reshape(shape)
        tensors[key] = base + number / 1000 + 0.001
        if key.endswith("bias_mask") or (key.endswith("qkv.bias") and not qkv_bias):
            tensors[key] = torch.zeros(shape)  # as in Meta's files of DINOv3
    return tensors


def fingerprints(tensors: dict[str, Tensor]) -> set[tuple[int, float]]:
    """Size and mean of every tensor; neither renaming nor reshaping changes them."""
    return {(tensor.numel(), round(tensor.double().mean().item(), 6)) for tensor in tensors.values()}


@pytest.mark.slow
@pytest.mark.parametrize(("name", "spec", "file"), FILES)
@pytest.mark.parametrize("wrapper", [None, "teacher"])
def test_published_file_initialises_the_backbone(name, spec, file, wrapper, tmp_path, capsys):
    tensors = made_up(name, qkv_bias=not name.startswith("dinov3"))
    content = tensors if wrapper is None else {wrapper: {f"backbone.{key}": t for key, t in tensors.items()}}
    torch.save(content, tmp_path / file)
    network = build(spec, 7, 3)
    new = initialise(network, tmp_path / file)
    assert new
    assert all(layer.startswith("heads.") or ".adapter" in layer for layer in new)
    used = {
        key: t for key, t in tensors.items() if not key.startswith(UNUSED) and not key.endswith(("mask", "qkv.bias"))
    }
    assert fingerprints(used) <= fingerprints(network.trunk.state_dict())
    assert len(used) > 0.75 * len(tensors)
    assert capsys.readouterr().out == ""


def test_published_file_with_biases_that_timm_would_drop_raises(tmp_path):
    torch.save(made_up("dinov3_vits16"), tmp_path / "DINOv3_ViTs16_size336_SurgeNetXL.pth")
    tensors = read_weights(tmp_path / "DINOv3_ViTs16_size336_SurgeNetXL.pth")
    with pytest.raises(ModelError, match=r"got 12 that are not 0 \(blocks.0.attn.qkv.bias\): give a network that has"):
        build("dinov3/hps@size=s,head_channels=8", 2, trunk=tensors)
    network = build("timm:vit_small_patch16_dinov3_qkvb/hps@head_channels=8", 2, trunk=tensors)
    attention = network.trunk.encoder.body.network.blocks[5].attn
    query, _, value = tensors["blocks.5.attn.qkv.bias"].chunk(3)
    assert torch.equal(attention.q_bias, query)
    assert torch.equal(attention.v_bias, value)


def test_published_checkpoint_of_the_whole_training_is_not_unpickled(tmp_path):
    """SurgeNet's full DINO checkpoints hold an object: the arguments of the training."""
    torch.save(
        {"teacher": {"weight": torch.zeros(2)}, "args": nn.Identity()}, tmp_path / "SurgeNetXL_checkpoint0050.pth"
    )
    with pytest.raises(ModelError, match="Expected a state dict of tensors only"):
        read_weights(tmp_path / "SurgeNetXL_checkpoint0050.pth")
