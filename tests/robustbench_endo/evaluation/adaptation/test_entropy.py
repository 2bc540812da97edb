"""Entropies and a step on them."""

from __future__ import annotations

import math

import pytest
import torch
from scipy.stats import entropy
from torch import nn

from robustbench_endo.errors import ModelError
from robustbench_endo.evaluation.adaptation.entropy import leaves, marginal_entropy, mean_entropy, minimise

LOGITS = 3 * torch.randn(5, 4, 2, 3, generator=torch.Generator().manual_seed(0))


def test_mean_entropy_equals_that_of_scipy():
    expected = entropy(LOGITS.double().softmax(1).numpy(), axis=1).mean()
    assert float(mean_entropy(LOGITS)) == pytest.approx(expected, rel=1e-5)


def test_marginal_entropy_is_that_of_the_mean_prediction():
    expected = entropy(LOGITS.double().softmax(1).mean(0).numpy(), axis=0).mean()
    assert float(marginal_entropy(LOGITS)) == pytest.approx(expected, rel=1e-5)
    assert marginal_entropy(LOGITS) > mean_entropy(LOGITS)  # copies that disagree


def test_marginal_entropy_of_certain_predictions_is_finite():
    assert marginal_entropy(torch.tensor([[1e4, -1e4]])) == 0


class Scaled(nn.Module):
    """Logits that a parameter scales."""

    def __init__(self, detach=False):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(()))
        self.detach = detach

    def forward(self, images):
        logits = self.scale * images[:, :, 0, 0]
        return {"activity": logits.detach() if self.detach else logits}


def one_step(model, images, loss=mean_entropy):
    parameters = leaves(dict(model.named_parameters()))
    outputs = minimise(model, parameters, torch.optim.SGD(parameters.values(), lr=0.5), images, loss)
    return parameters["scale"], outputs


def test_minimise_lowers_the_entropy_and_leaves_the_model_unchanged():
    model, images = Scaled(), torch.rand(4, 3, 2, 2, generator=torch.Generator().manual_seed(0))
    scale, outputs = one_step(model, images)
    assert scale > 1
    assert model.scale == 1
    assert outputs["activity"].equal(images[:, :, 0, 0])
    assert mean_entropy(scale * images[:, :, 0, 0]) < mean_entropy(outputs["activity"])


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_minimise_skips_a_step_that_is_not_finite(value):
    scale, _ = one_step(Scaled(), torch.full((2, 3, 2, 2), value))
    assert scale == 1


def test_minimise_rejects_a_model_without_gradients():
    with pytest.raises(ModelError, match="Expected gradients through the model to adapt it, got none"):
        one_step(Scaled(detach=True), torch.rand(2, 3, 2, 2))
