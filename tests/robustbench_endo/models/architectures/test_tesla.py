"""TESLA: gradients separated by task, one pass through the body, merged weights."""

from __future__ import annotations

import copy
from itertools import combinations

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from robustbench_endo.models import build
from robustbench_endo.models.layers.lora import AdaptedConv2d, AdaptedLinear, LowRank, MergedLinear
from robustbench_endo.models.layers.lora_inject import adapted_layers
from robustbench_endo.training.weighting import TaskGradients, load_weighting


@pytest.mark.parametrize(("task", "index", "other"), [("segmentation", 0, 1), ("activity", 1, 0)])
def test_tesla_loss_of_a_task_reaches_only_its_adapters(adapted_network, frames, task, index, other):
    network = copy.deepcopy(adapted_network)
    if "mmoe" in network.spec:
        pytest.skip("experts belong to no task")
    network(frames(2, 56, 56))[task].square().mean().backward()
    adapters = network.trunk.task_parameters()
    reached = [parameter.grad[index].abs().sum() > 0 for parameter in adapters]
    assert adapters
    assert sum(reached) >= 0.9 * len(reached)
    assert all(parameter.grad[other].abs().sum() == 0 for parameter in adapters)


FROZEN = (
    "dinov2/tesla@size=s,depth=1,head_channels=8,input_size=28x42",
    "endoarss/tesla@size=s,depth=1,head_channels=8,sma_dim=8,input_size=28x42",
    "endoarss/tesla@size=s,depth=1,head_channels=8,sma_dim=8,input_size=28x42,adapter=dvlora",
    "resnet101/tesla@depth=1,head_channels=8,input_size=32x48,frozen=yes",
)


def shared_adapters(network: nn.Module) -> list[nn.Parameter]:
    return [p for name, p in network.named_parameters() if "shared" in name and p.requires_grad]


@pytest.mark.parametrize("spec", FROZEN)
def test_tesla_shares_a_trained_lora_over_a_frozen_trunk(frames, with_updates, spec):
    network = with_updates(build(spec, 3, 2)).eval()
    for name, buffer in network.named_buffers():
        if name.endswith("bn3.weight"):  # timm starts residual branches at zero
            buffer.fill_(1)
    shared = shared_adapters(network)
    assert shared
    assert not set(shared) & set(network.trunk.task_parameters())
    logits = network(frames(2, 28, 42))
    for task in logits:
        gradients = torch.autograd.grad(logits[task].square().mean(), shared, retain_graph=True)
        assert all(gradient.abs().sum() > 0 for gradient in gradients)


@pytest.mark.parametrize("spec", ["tiny-resnet/tesla", "tiny-endoarss/tesla", "resnet101/tesla@depth=1"])
def test_tesla_adds_no_lora_to_a_trained_trunk(spec):
    network = build(spec, 3, 2)
    assert not [name for name in network.state_dict() if "adapters_shared" in name or "adapter_shared" in name]
    assert all(layer.shared.weight.requires_grad for layer in adapted_layers(network).values())


def test_tesla_layer_is_the_formula_of_the_paper(with_updates):
    layer = AdaptedLinear(nn.Linear(6, 4).requires_grad_(False), ((0, 4),), tasks=2, rank=2, alpha=8.0)
    layer.share_update()
    with_updates(layer)
    x, (specific,), (common,) = torch.randn(4, 5, 6), layer.adapters, layer.adapters_shared
    for item, task in ((0, 0), (1, 0), (2, 1), (3, 1)):
        weight = layer.shared.weight + 4 * common.b[0] @ common.a[0] + 4 * specific.b[task] @ specific.a[task]
        torch.testing.assert_close(layer(x)[item], x[item] @ weight.T + layer.shared.bias)


WEIGHTINGS = ("equal", "moco", "aligned_mtl", "stch", "db_mtl")


def weights_after_training(weighting: str, steps: int = 8) -> torch.Tensor:
    """The shared LoRA of a small network after steps of Adam."""
    torch.manual_seed(0)
    network = build(FROZEN[0], 3, 2)
    generator = torch.Generator().manual_seed(1)
    images = torch.rand(4, 3, 28, 42, generator=generator)
    labels = torch.randint(2, (4,), generator=generator)
    adam = torch.optim.Adam([p for p in network.parameters() if p.requires_grad], lr=1e-3)
    method, gradients = load_weighting(weighting), None
    for step in range(steps):
        method.start_epoch(step)
        logits, auxiliary = network.with_auxiliary(images)
        masks = torch.arange(logits["segmentation"][:, 0].numel()).reshape_as(logits["segmentation"][:, 0]) % 3
        losses = {
            "segmentation": F.cross_entropy(logits["segmentation"], masks),
            "activity": F.cross_entropy(logits["activity"], labels),
        }
        gradients = gradients or TaskGradients.of(network, losses, auxiliary, method)
        gradients.add(losses, auxiliary)
        gradients.finish()
        adam.step()
    return torch.cat([p.detach().flatten() for p in shared_adapters(network)])


def test_tesla_has_other_weights_under_each_weighting():
    trained = {name: weights_after_training(name) for name in WEIGHTINGS}
    assert torch.equal(trained["equal"], weights_after_training("equal"))
    for first, second in combinations(WEIGHTINGS, 2):
        assert (trained[first] - trained[second]).abs().max() > 1e-5, (first, second)


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
