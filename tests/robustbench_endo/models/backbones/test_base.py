"""Options of backbones: frozen trunks and their adapters."""

from __future__ import annotations

import pytest
import torch

from robustbench_endo.models import build
from robustbench_endo.models.layers.lora import LowRank, VectorLowRank

SMALL = "size=s,depth=1,head_channels=8,input_size=any"


@pytest.mark.parametrize(
    ("adapter", "kind", "layers"),
    [("lora", LowRank, {"qkv"}), ("mlp", LowRank, {"fc1", "fc2"}), ("dvlora", VectorLowRank, {"fc1", "fc2"})],
)
@pytest.mark.parametrize("rank", [1, 16])
def test_adapted_backbone_trains_only_the_adapters_of_the_option(adapter, kind, layers, rank, frames):
    network = build(f"dinov2/hps@{SMALL},adapter={adapter},rank={rank}", None, 3)
    names = {name: layer for name, layer in network.named_modules() if isinstance(layer, LowRank)}
    assert all(type(layer) is kind and layer.a.shape[1] == rank for layer in names.values())
    assert {name.split(".adapters")[0].rpartition(".")[2] for name in names} == layers
    network(frames(1, 56, 56))["activity"].sum().backward()
    trained = {name for name, p in network.trunk.named_parameters() if p.grad is not None}
    assert trained
    assert all(".adapters." in name for name in trained)


def test_adapted_backbone_frozen_keeps_its_statistics(frames):
    network = build("resnet101/hps@frozen=yes,adapter=none,depth=1,head_channels=8,input_size=any", 2, None).train()
    before = {name: value.clone() for name, value in network.trunk.state_dict().items()}
    network(frames(2, 48, 48))
    assert all(torch.equal(value, before[name]) for name, value in network.trunk.state_dict().items())
    assert not any(parameter.requires_grad for parameter in network.trunk.parameters())
