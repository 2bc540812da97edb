"""Low-rank adapters and TESLA's separation of the tasks' gradients."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from robustbench_endo.models import build
from robustbench_endo.models.layers.lora import AdaptedConv2d, AdaptedLinear, LowRank
from robustbench_endo.models.layers.lora_inject import TaskBatchNorm2d


def trained(module: nn.Module) -> nn.Module:
    """The module with adapters and residual branches that are no longer zero."""
    for layer in module.modules():
        if isinstance(layer, TaskBatchNorm2d):
            nn.init.ones_(layer.weight)
        if isinstance(layer, LowRank):
            nn.init.normal_(layer.b, std=0.1)
    return module


def test_a_fresh_adapter_changes_nothing():
    linear, conv = nn.Linear(6, 9), nn.Conv2d(4, 8, 3, padding=1)
    x, maps = torch.randn(4, 5, 6), torch.randn(4, 4, 7, 7)
    torch.testing.assert_close(AdaptedLinear(linear, ((0, 9),), 2, 3, 3.0)(x), linear(x))
    torch.testing.assert_close(AdaptedConv2d(conv, 2, 3, 3.0)(maps), conv(maps))


def test_linear_is_w_plus_scaled_b_a_of_the_items_own_task():
    layer = trained(AdaptedLinear(nn.Linear(6, 9), ((0, 3), (6, 9)), tasks=2, rank=2, alpha=8.0))
    x = torch.randn(4, 5, 6)
    out = layer(x)
    for item, task in ((0, 0), (1, 0), (2, 1), (3, 1)):
        q, v = (4.0 * adapter.b[task] @ adapter.a[task] for adapter in layer.adapters)
        weight = layer.shared.weight + torch.cat([q, torch.zeros(3, 6), v])
        torch.testing.assert_close(out[item], x[item] @ weight.T + layer.shared.bias)


def test_convolution_has_the_paper_shapes_and_formula():
    layer = trained(AdaptedConv2d(nn.Conv2d(4, 8, 3, stride=2, padding=1), tasks=2, rank=2, alpha=2.0))
    assert layer.adapter.a.shape == (2, 2 * 3, 4 * 3)
    assert layer.adapter.b.shape == (2, 8 * 3, 2 * 3)
    maps = torch.randn(2, 4, 9, 9)
    for task in range(2):
        delta = (layer.adapter.b[task] @ layer.adapter.a[task]).reshape(8, 4, 3, 3)
        expected = F.conv2d(maps[task : task + 1], layer.shared.weight + delta, layer.shared.bias, stride=2, padding=1)
        torch.testing.assert_close(layer(maps)[task : task + 1], expected)


@pytest.mark.parametrize("backbone", ["tiny-resnet", "tiny-endoarss"])
@pytest.mark.parametrize(("task", "own", "other"), [("segmentation", 0, 1), ("activity", 1, 0)])
def test_a_tasks_loss_reaches_its_own_adapters_and_the_shared_weights_only(frames, backbone, task, own, other):
    network = trained(build(f"{backbone}/tesla", 4, 2))
    network(frames())[task].square().mean().backward()
    adapters = [layer for layer in network.modules() if isinstance(layer, LowRank)]
    shared = [layer.shared.weight for layer in network.modules() if isinstance(layer, AdaptedLinear | AdaptedConv2d)]
    assert adapters
    for adapter in adapters:
        for parameter in (adapter.a, adapter.b):
            assert parameter.grad[own].abs().sum() > 0
            assert parameter.grad[other].abs().sum() == 0
    assert all(weight.grad.abs().sum() > 0 for weight in shared)


@pytest.mark.parametrize(("backbone", "layer"), [("tiny-resnet", nn.Conv2d), ("tiny-endoarss", nn.Linear)])
def test_tesla_adapts_every_layer_of_the_body(backbone, layer):
    body = build(f"{backbone}/tesla", 4, 2).trunk.encoder.body
    plain = [name for name, module in body.named_modules() if isinstance(module, layer) and not name.endswith("shared")]
    assert plain == []


def test_both_tasks_take_one_pass_through_the_body(frames):
    network = build("tiny-endoarss/tesla", 4, 2).eval()
    batches: list[int] = []
    network.trunk.encoder.body.register_forward_hook(lambda _, inputs, __: batches.append(len(inputs[0])))
    network(frames(3))
    assert batches == [6]


def test_batch_norm_takes_the_statistics_of_its_own_task():
    norm, reference = TaskBatchNorm2d(nn.BatchNorm2d(3), tasks=2), nn.BatchNorm2d(3)
    x = torch.randn(6, 3, 5, 5)
    torch.testing.assert_close(norm(x)[3:], reference(x[3:]))
    torch.testing.assert_close(norm.running_mean[1], reference.running_mean)
    torch.testing.assert_close(norm.running_var[1], reference.running_var)
    torch.testing.assert_close(norm.eval()(x)[3:], reference.eval()(x[3:]))
