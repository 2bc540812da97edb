"""TESLA and shared experts on frozen trunks: separated gradients, merged weights, one task alone."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from robustbench_endo.models import build
from robustbench_endo.models.layers.lora import LowRank, MergedLinear
from robustbench_endo.models.layers.lora_inject import TaskBatchNorm2d

SPECS = (
    "dinov2/tesla@size=s,depth=2,head_channels=8,input_size=any",
    "dinov3/tesla@size=s,depth=2,head_channels=8,input_size=any,adapter=dvlora",
    "endoarss/tesla@size=s,depth=2,head_channels=8,sma_dim=8,input_size=any,adapter=mlp",
    "resnet101/tesla@depth=1,head_channels=8,input_size=any",
    "tiny-endoarss/tesla@input_size=64x80",
    "timm:convnextv2_atto/tesla@head_channels=8,input_size=any,frozen=yes",
    "dinov2/mmoe@shared=yes,size=s,depth=2,head_channels=8,input_size=any",
)


def with_updates(network: nn.Module) -> nn.Module:
    for layer in network.modules():
        if isinstance(layer, LowRank):
            nn.init.normal_(layer.b, std=0.05)
        if isinstance(layer, TaskBatchNorm2d):
            nn.init.ones_(layer.weight)
    return network


@pytest.fixture(scope="module", params=SPECS)
def network(request) -> nn.Module:
    torch.manual_seed(0)
    return with_updates(build(request.param, 3, 2)).eval()


def test_merged_weights_give_the_same_logits_without_adapters(network, frames):
    merged = network.merged()
    assert not [layer for layer in merged.modules() if isinstance(layer, LowRank)]
    assert not any(parameter.requires_grad for parameter in merged.parameters())
    images = frames(2, 61, 75)
    with torch.inference_mode():
        for task, logits in network(images).items():
            torch.testing.assert_close(merged(images)[task], logits, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("task", ["segmentation", "activity"])
def test_one_task_alone_gives_its_own_logits_in_one_pass(network, frames, task):
    only = network.only(task)
    batches: list[int] = []
    encoder = next(module for name, module in only.trunk.named_modules() if name.endswith("encoder"))
    encoder.body.register_forward_hook(lambda _, inputs, __: batches.append(len(inputs[0])))
    images = frames(2, 61, 75)
    with torch.inference_mode():
        answer = only(images)
        torch.testing.assert_close(answer[task], network(images)[task], atol=1e-5, rtol=1e-4)
        torch.testing.assert_close(only.merged()(images)[task], answer[task], atol=1e-4, rtol=1e-4)
    assert set(answer) == {task}
    assert batches[0] == (4 if "mmoe" in network.spec else 2)


@pytest.mark.parametrize(("task", "own", "other"), [("segmentation", 0, 1), ("activity", 1, 0)])
def test_a_tasks_loss_reaches_its_own_adapters_only(network, frames, task, own, other):
    if "mmoe" in network.spec:
        pytest.skip("experts belong to no task")
    network.zero_grad()
    network(frames(2, 56, 56))[task].square().mean().backward()
    adapters = [layer for layer in network.modules() if isinstance(layer, LowRank)]
    reached = [parameter.grad[own].abs().sum() > 0 for adapter in adapters for parameter in adapter.parameters()]
    assert adapters
    assert sum(reached) >= 0.9 * len(reached)
    assert all(p.grad[other].abs().sum() == 0 for adapter in adapters for p in adapter.parameters())


def test_merged_tesla_has_a_weight_for_each_task_and_one_task_plain_layers():
    network = build(SPECS[0], 3, 2)
    first = network.merged().trunk.encoder.body.network.blocks[0].attn.qkv
    assert isinstance(first, MergedLinear)
    assert first.weight.shape == (2, 3 * 384, 384)
    alone = network.only("activity").merged().trunk.encoder.body.network.blocks[0].attn.qkv
    assert type(alone) is nn.Linear


def test_shared_experts_hold_one_trunk_and_answer_as_whole_encoders_with_that_trunk(frames):
    shared = with_updates(build("dinov2/mmoe@shared=yes,size=s,depth=1,head_channels=8,input_size=any", 3, 2)).eval()
    whole = build("dinov2/mmoe@size=s,depth=1,head_channels=8,input_size=any", 3, 2).eval()
    weights = shared.state_dict()
    mapped = {}
    for name, own in whole.state_dict().items():
        index = int(name.split(".")[2]) if name.startswith("trunk.experts.") else None
        source = weights[name.replace(f"experts.{index}.", "experts.encoder.")] if index is not None else weights[name]
        mapped[name] = source[index : index + 1] if source.shape != own.shape else source
    whole.load_state_dict(mapped)
    images = frames(2, 56, 70)
    with torch.inference_mode():
        for task, logits in shared(images).items():
            torch.testing.assert_close(whole(images)[task], logits, atol=1e-5, rtol=1e-4)


def test_a_flat_gate_is_the_softmax_of_the_flattened_image(frames):
    network = build("tiny-resnet/mmoe@gate=flat,input_size=32x40", 3, None).eval()
    images = network.prepare(frames(2, 32, 40))
    gate = network.trunk.gates["segmentation"].logits
    weights = (images.reshape(2, -1) @ gate.weight.T + gate.bias).softmax(dim=1)
    maps = [expert(images) for expert in network.trunk.experts]
    expected = sum(weights[:, e, None, None, None] * maps[e] for e in range(2))
    torch.testing.assert_close(network.trunk.features(images)[0]["segmentation"], expected)
