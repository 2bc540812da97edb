"""TESLA: gradients separated by task, one pass through the body, merged weights."""

from __future__ import annotations

import copy

import pytest
from torch import nn

from robustbench_endo.models import build
from robustbench_endo.models.layers.lora import AdaptedConv2d, AdaptedLinear, LowRank, MergedLinear


@pytest.mark.parametrize(("task", "index", "other"), [("segmentation", 0, 1), ("activity", 1, 0)])
def test_tesla_loss_of_a_task_reaches_only_its_adapters(adapted_network, frames, task, index, other):
    network = copy.deepcopy(adapted_network)
    if "mmoe" in network.spec:
        pytest.skip("experts belong to no task")
    network(frames(2, 56, 56))[task].square().mean().backward()
    adapters = [layer for layer in network.modules() if isinstance(layer, LowRank)]
    reached = [parameter.grad[index].abs().sum() > 0 for adapter in adapters for parameter in adapter.parameters()]
    assert adapters
    assert sum(reached) >= 0.9 * len(reached)
    assert all(p.grad[other].abs().sum() == 0 for adapter in adapters for p in adapter.parameters())


def test_tesla_merged_has_a_weight_per_task_and_plain_layers_for_one():
    network = build("dinov2/tesla@size=s,depth=2,head_channels=8,input_size=any", 3, 2)
    first = network.merged().trunk.encoder.body.network.blocks[0].attn.qkv
    assert isinstance(first, MergedLinear)
    assert first.weight.shape == (2, 3 * 384, 384)
    single = network.only("activity").merged().trunk.encoder.body.network.blocks[0].attn.qkv
    assert type(single) is nn.Linear


@pytest.mark.parametrize("backbone", ["tiny-resnet", "tiny-endoarss"])
@pytest.mark.parametrize(("task", "index", "other"), [("segmentation", 0, 1), ("activity", 1, 0)])
def test_tesla_loss_of_a_task_reaches_its_adapters_and_shared_weights(
    frames, with_updates, backbone, task, index, other
):
    network = with_updates(build(f"{backbone}/tesla", 4, 2))
    network(frames())[task].square().mean().backward()
    adapters = [layer for layer in network.modules() if isinstance(layer, LowRank)]
    shared = [layer.shared.weight for layer in network.modules() if isinstance(layer, AdaptedLinear | AdaptedConv2d)]
    assert adapters
    for adapter in adapters:
        for parameter in (adapter.a, adapter.b):
            assert parameter.grad[index].abs().sum() > 0
            assert parameter.grad[other].abs().sum() == 0
    assert all(weight.grad.abs().sum() > 0 for weight in shared)


def test_tesla_takes_one_pass_through_the_body_for_both_tasks(frames):
    network = build("tiny-endoarss/tesla", 4, 2).eval()
    batches: list[int] = []
    network.trunk.encoder.body.register_forward_hook(lambda _, inputs, __: batches.append(len(inputs[0])))
    network(frames(3))
    assert batches == [6]
