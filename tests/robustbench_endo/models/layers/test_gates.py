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


LIBMTL = {
    4: "1.915462 2.10063 1.876142 1.41058 .8022643 .1226741 -.567292 -1.208146 -1.733441 -2.057115 -2.044262 -1.402051",
    3: ".04510437 .02461878 .3187952 .233705 1.022178 .8043152 3.094842 2.441193 13.71969 9.976559 250.431 103.0793",
}
"""Experts -> gradients of the regulariser at ``linspace(-0.4, 0.45, 12)``, of LibMTL 4336804; the first in 1e-6."""


@pytest.mark.parametrize(("experts", "scale"), [(4, 1e-6), (3, 1.0)])
def test_dselect_k_regulariser_as_a_sum_is_that_of_libmtl(experts, scale):
    gate = DSelectKGate(4, experts, 2, entropy=1e-6, reduction="sum")
    torch.nn.init.eye_(gate.selectors.weight)
    torch.nn.init.zeros_(gate.selectors.bias)
    x = torch.linspace(-0.4, 0.45, 12).reshape(3, 4).requires_grad_()
    gate(x)[1].backward()
    recorded = torch.tensor([float(number) for number in LIBMTL[experts].split()])
    # LibMTL adds 1e-6 inside the logarithm.
    torch.testing.assert_close(x.grad.flatten(), scale * recorded, rtol=2e-3, atol=2e-4 * scale)


def test_dselect_k_mean_regulariser_is_the_sum_over_the_batch():
    mean, total = DSelectKGate(6, 4, 2, entropy=0.5), DSelectKGate(6, 4, 2, entropy=0.5, reduction="sum")
    total.load_state_dict(mean.state_dict())
    x = torch.randn(7, 6)
    torch.testing.assert_close(7 * mean(x)[1], total(x)[1])


def test_dselect_k_shares_start_within_their_bound():
    for bound, expected in ((0.0, 1 / math.sqrt(400)), (0.3, 0.3)):
        weight = DSelectKGate(400, 4, 2, shares_init=bound).shares.weight
        assert 0.9 * expected < weight.abs().max() <= expected
