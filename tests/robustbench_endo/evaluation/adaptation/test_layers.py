"""Normalisation layers of models, and what cannot be adapted."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from robustbench_endo.errors import ModelError
from robustbench_endo.evaluation.adaptation.layers import affine_parameters, batch_statistics, check_adaptable
from robustbench_endo.evaluation.adaptation.settings import BatchNorm, Memo, Tent


class Pooled(nn.Module):
    """A branch with one value per channel and frame, as in ASPP."""

    def __init__(self):
        super().__init__()
        self.norm = nn.BatchNorm2d(3)

    def forward(self, images):
        return self.norm(images.mean((2, 3), keepdim=True))


def test_affine_parameters_are_those_of_all_kinds_of_normalisation():
    net = nn.Sequential(nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4), nn.GroupNorm(2, 4), nn.Sequential(nn.LayerNorm(4)))
    names = ["1.weight", "1.bias", "2.weight", "2.bias", "3.0.weight", "3.0.bias"]
    assert list(affine_parameters(net)) == names
    assert affine_parameters(nn.BatchNorm2d(3)).keys() == {"weight", "bias"}
    assert affine_parameters(nn.InstanceNorm2d(3)) == {}


def test_batch_statistics_normalise_by_the_batch_and_leave_the_layer_unchanged():
    layer = nn.BatchNorm2d(3).eval()
    images = 3 + 2 * torch.randn(4, 3, 5, 5, generator=torch.Generator().manual_seed(0))
    before = {name: tensor.clone() for name, tensor in layer.state_dict().items()}
    plain = layer(images)
    with batch_statistics(layer):
        normalised = layer(images)
    assert plain.mean() > 2
    assert normalised.mean((0, 2, 3)).abs().max() < 1e-5
    assert all(before[name].equal(tensor) for name, tensor in layer.state_dict().items())
    assert plain.equal(layer(images))


def test_batch_statistics_need_more_than_one_value():
    net, images = Pooled().eval(), torch.rand(2, 3, 4, 4)
    with batch_statistics(net):
        assert net(images[:1]).equal(Pooled().eval()(images[:1]))
        assert net(images).mean().abs() < 1e-5


def test_batch_statistics_are_restored_after_an_error():
    layer = nn.BatchNorm2d(3).eval()
    with pytest.raises(RuntimeError), batch_statistics(layer):
        layer(torch.rand(2, 5, 4, 4))
    assert layer.running_mean is not None


CONVOLUTION = nn.Conv2d(3, 2, 1)


@pytest.mark.parametrize(
    ("model", "method", "text"),
    [
        (CONVOLUTION, BatchNorm(), "batch norm layers to adapt them by bn, got none"),
        (nn.GroupNorm(1, 3), BatchNorm(), "batch norm layers to adapt them by bn, got other normalisation layers"),
        (CONVOLUTION, Tent(), "normalisation layers with scale and shift to adapt them by tent, got none"),
        (nn.BatchNorm2d(3, affine=False), Tent(), "normalisation layers .* by tent, got none"),
        (nn.ReLU(), Memo(), "parameters to adapt them by memo, got none"),
        (print, Memo(), "an nn.Module to adapt it by memo, got builtin_function_or_method"),
    ],
)
def test_check_adaptable_rejects_models_with_nothing_to_adapt(model, method, text):
    with pytest.raises(ModelError, match=rf"^Expected {text} in 'mine': leave --adapt out"):
        check_adaptable({"mine": model}, method)


@pytest.mark.filterwarnings("ignore:.*torch.jit")
@pytest.mark.parametrize("method", [BatchNorm(), Tent(), Memo()])
def test_check_adaptable_rejects_exported_graphs(method):
    layer, images = nn.BatchNorm2d(3).eval(), torch.rand(1, 3, 4, 4)
    graphs = torch.jit.trace(layer, images), torch.export.export(layer, (images,)).module()
    for graph in graphs:
        with pytest.raises(ModelError, match="PyTorch layers to adapt them by .*, got an exported graph in 'mine'"):
            check_adaptable({f"mine ({method.name})": nn.Sequential(graph)}, method)


def test_check_adaptable_accepts_what_can_be_adapted():
    for model, method in ((nn.BatchNorm2d(3), BatchNorm()), (nn.LayerNorm(3), Tent()), (CONVOLUTION, Memo())):
        check_adaptable({"mine": model}, method)
    check_adaptable({"mine": print}, None)
