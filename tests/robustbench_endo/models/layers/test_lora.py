"""Low-rank adapters of linear layers and convolutions, against their formula."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from robustbench_endo.models.layers.lora import AdaptedConv2d, AdaptedLinear


def test_adapter_fresh_changes_nothing():
    linear, conv = nn.Linear(6, 9), nn.Conv2d(4, 8, 3, padding=1)
    x, maps = torch.randn(4, 5, 6), torch.randn(4, 4, 7, 7)
    torch.testing.assert_close(AdaptedLinear(linear, ((0, 9),), 2, 3, 3.0)(x), linear(x))
    torch.testing.assert_close(AdaptedConv2d(conv, 2, 3, 3.0)(maps), conv(maps))


def test_adapted_linear_is_w_plus_scaled_b_a_of_the_task(with_updates):
    layer = with_updates(AdaptedLinear(nn.Linear(6, 9), ((0, 3), (6, 9)), tasks=2, rank=2, alpha=8.0))
    x = torch.randn(4, 5, 6)
    out = layer(x)
    for item, task in ((0, 0), (1, 0), (2, 1), (3, 1)):
        q, v = (4.0 * adapter.b[task] @ adapter.a[task] for adapter in layer.adapters)
        weight = layer.shared.weight + torch.cat([q, torch.zeros(3, 6), v])
        torch.testing.assert_close(out[item], x[item] @ weight.T + layer.shared.bias)


def test_adapted_conv2d_has_the_shapes_and_formula_of_the_paper(with_updates):
    layer = with_updates(AdaptedConv2d(nn.Conv2d(4, 8, 3, stride=2, padding=1), tasks=2, rank=2, alpha=2.0))
    assert layer.adapter.a.shape == (2, 2 * 3, 4 * 3)
    assert layer.adapter.b.shape == (2, 8 * 3, 2 * 3)
    maps = torch.randn(2, 4, 9, 9)
    for task in range(2):
        delta = (layer.adapter.b[task] @ layer.adapter.a[task]).reshape(8, 4, 3, 3)
        expected = F.conv2d(maps[task : task + 1], layer.shared.weight + delta, layer.shared.bias, stride=2, padding=1)
        torch.testing.assert_close(layer(maps)[task : task + 1], expected)
