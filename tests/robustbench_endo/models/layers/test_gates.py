"""Gates against a plain computation of the formulas of their papers."""

from __future__ import annotations

import itertools
import math

import pytest
import torch

from robustbench_endo.models.layers.gates import DSelectKGate, SoftmaxGate, smooth_step


def test_softmax_gate_is_the_formula():
    gate = SoftmaxGate(5, 3)
    x = torch.randn(4, 5)
    scores = x @ gate.logits.weight.T + gate.logits.bias
    expected = scores.exp() / scores.exp().sum(dim=1, keepdim=True)
    torch.testing.assert_close(gate(x), expected)


@pytest.mark.parametrize(
    ("t", "value"), [(-9.0, 0.0), (-0.5, 0.0), (0.0, 0.5), (0.25, 0.84375), (0.5, 1.0), (3.0, 1.0)]
)
def test_smooth_step_has_the_values_of_the_paper(t, value):
    assert smooth_step(torch.tensor(t), gamma=1.0).item() == pytest.approx(value)


def scattered(gate: DSelectKGate) -> DSelectKGate:
    """A gate whose selectors are on, off and between."""
    torch.nn.init.normal_(gate.selectors.weight, std=0.5)
    return gate


@pytest.mark.parametrize(("experts", "select"), [(2, 1), (4, 2), (4, 4), (5, 3), (8, 3)])
def test_dselect_k_is_the_formula(experts, select):
    torch.manual_seed(experts)
    gate = scattered(DSelectKGate(6, experts, select))
    x = torch.randn(7, 6)
    weights, regulariser = gate(x)
    bits = max(1, math.ceil(math.log2(experts)))
    expected, entropy, unreachable = torch.zeros(7, experts), torch.zeros(7), torch.zeros(7)
    for b, i in itertools.product(range(7), range(select)):
        share = torch.softmax(gate.shares(x[b]), dim=0)[i]
        step = smooth_step(gate.selectors(x[b])[i * bits : (i + 1) * bits], 1.0)
        r = torch.stack(
            [math.prod(step[j] if e >> j & 1 else 1 - step[j] for j in range(bits)) for e in range(experts)]
        )
        expected[b] += share * r
        entropy[b] -= sum(value * value.log() for value in r if value > 0)
        unreachable[b] += 1 / r.sum().clamp_min(1e-6) - 1
    torch.testing.assert_close(weights, expected)
    torch.testing.assert_close(regulariser, (entropy + unreachable).mean(), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("experts", "select"), [(2, 1), (4, 1), (4, 2), (8, 3)])
def test_dselect_k_selects_at_most_k_with_decided_selectors(experts, select):
    gate = DSelectKGate(6, experts, select)
    torch.nn.init.normal_(gate.selectors.weight, std=50.0)
    weights, regulariser = gate(torch.randn(50, 6))
    assert int((weights > 0).sum(dim=1).max()) <= select
    torch.testing.assert_close(weights.sum(dim=1), torch.ones(50))
    assert regulariser.item() == pytest.approx(0, abs=0.05)


def test_dselect_k_fresh_can_reach_every_expert():
    weights, _ = DSelectKGate(6, 4, 2)(torch.randn(20, 6))
    torch.testing.assert_close(weights, torch.full((20, 4), 0.25), atol=0.1, rtol=0)
