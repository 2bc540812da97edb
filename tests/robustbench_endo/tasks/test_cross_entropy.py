"""The deterministic cross-entropy against that of torch."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from robustbench_endo.tasks.cross_entropy import deterministic_cross_entropy


@pytest.mark.parametrize("weights", [None, torch.tensor([0.5, 3.0, 0.0, 1.25])])
def test_deterministic_cross_entropy_is_that_of_torch(weights):
    generator = torch.Generator().manual_seed(0)
    logits = (5 * torch.randn(2, 4, 24, 32, generator=generator)).requires_grad_()
    masks = torch.randint(0, 4, (2, 24, 32), generator=generator)
    masks[0, :5] = 255
    losses = [
        deterministic_cross_entropy(logits, masks, weights),
        F.cross_entropy(logits, masks, weights, ignore_index=255),
    ]
    torch.testing.assert_close(*losses, rtol=1e-6, atol=0)
    gradients = [torch.autograd.grad(loss, logits)[0] for loss in losses]
    torch.testing.assert_close(*gradients, rtol=1e-5, atol=1e-9)


def test_deterministic_cross_entropy_stays_finite_for_large_logits():
    logits, masks = torch.tensor([[[[1e4]], [[-1e4]]]]), torch.tensor([[[1]]])
    assert deterministic_cross_entropy(logits, masks, None).item() == 2e4


@pytest.mark.parametrize("weights", [None, torch.tensor([0.5, 3.0])])
def test_deterministic_cross_entropy_of_frames_is_that_of_torch(weights):
    logits, targets = torch.tensor([[2.0, -1.0], [0.5, 0.25], [3.0, 1.0]]), torch.tensor([1, -1, 0])
    expected = F.cross_entropy(logits, targets, weights, ignore_index=-1)
    torch.testing.assert_close(deterministic_cross_entropy(logits, targets, weights), expected, rtol=1e-6, atol=0)


def test_deterministic_cross_entropy_without_targets_is_zero():
    logits = torch.randn(2, 3, 4, 4, generator=torch.Generator().manual_seed(0)).requires_grad_()
    loss = deterministic_cross_entropy(logits, torch.full((2, 4, 4), 255), torch.rand(3))
    loss.backward()
    assert loss == 0
    assert (logits.grad == 0).all()


@pytest.mark.gpu
def test_deterministic_cross_entropy_has_the_same_bits_twice(gpu):
    logits = torch.randn(4, 7, 112, 144, device=gpu).requires_grad_()
    masks = torch.randint(0, 7, (4, 112, 144), device=gpu)
    losses = [deterministic_cross_entropy(logits, masks, None) for _ in range(2)]
    assert torch.equal(*losses)
    assert torch.equal(*(torch.autograd.grad(loss, logits)[0] for loss in losses))
