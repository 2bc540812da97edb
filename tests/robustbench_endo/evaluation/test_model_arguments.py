"""Models as people have them: networks, functions, names; every output form, and what is restored."""

from __future__ import annotations

import functools
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from robustbench_endo.errors import ModelError
from robustbench_endo.evaluation.model_arguments import name_of, named_models, prepare, prepared_models, unchanged
from robustbench_endo.models.external.wrapper import ExternalModel

LABELS = {"segmentation": ("tissue", "shaft", "tip")}
CPU = torch.device("cpu")


class Net(nn.Module):
    """Logits of a number of classes, with a layer that differs between training and evaluation."""

    def __init__(self, classes: int = 3) -> None:
        super().__init__()
        self.masks = nn.Conv2d(3, classes, 1)
        self.dropout = nn.Dropout()

    def forward(self, images: Tensor) -> Tensor:
        return self.dropout(self.masks(images))


@pytest.fixture
def images() -> Tensor:
    return torch.rand(2, 3, 24, 32, generator=torch.Generator().manual_seed(0))


def network_function(images: Tensor) -> Tensor:
    return images


@pytest.mark.parametrize(
    ("models", "names"),
    [
        (Net(), ["Net"]),
        ([Net(), Net(), network_function], ["Net 1", "Net 2", "network_function"]),
        (lambda images: images, ["model"]),
        (functools.partial(network_function), ["network_function"]),
        ("tiny-resnet/mmoe", ["tiny-resnet/mmoe"]),
        (("tiny-resnet/mmoe", Net()), ["tiny-resnet/mmoe", "Net"]),
        ({"a": Net(), "b": [Net(), Net()]}, ["a", "b"]),
        (nn.DataParallel(Net()), ["Net"]),
    ],
)
def test_named_models_names_what_has_no_name(models: Any, names: list[str]) -> None:
    assert list(named_models(models)) == names


def test_name_of_a_loaded_model_is_its_spec() -> None:
    assert name_of(ExternalModel(Net(), "runs/mine")) == "runs/mine"


@pytest.mark.parametrize(
    ("models", "text"),
    [
        (3, "got int: give the network itself"),
        (None, "got NoneType"),
        ([], "got an empty list"),
        ({}, "got an empty dict"),
        (Net, r"got the class Net: create it, Net\(\)"),
        ([Net(), 4], "got int"),
        ({"a": [Net(), None]}, "got NoneType in 'a'"),
        ({1: Net()}, "names of models to be texts, got 1"),
        (Net().state_dict(), "got a state dict of 2 tensors: load it by network.load_state_dict"),
        (SimpleNamespace(subjects=()), "got the data set SimpleNamespace: write evaluate.models, data."),
    ],
)
def test_named_models_refuses_what_is_no_model(models: Any, text: str) -> None:
    with pytest.raises(ModelError, match=text):
        named_models(models)


OUTPUTS: dict[str, Callable[[Tensor], Any]] = {
    "tensor": lambda logits: logits,
    "out": lambda logits: {"out": logits, "aux": logits},
    "logits": lambda logits: SimpleNamespace(logits=logits, loss=None),
    "tuple of one": lambda logits: (logits,),
}


@pytest.mark.parametrize("form", OUTPUTS)
def test_prepare_reads_every_form_of_output(form: str, images: Tensor) -> None:
    net = Net().eval()
    model = prepare("m", lambda batch: OUTPUTS[form](net(batch)), images, LABELS)
    assert torch.equal(model(images)["segmentation"], net(images))


def test_prepare_returns_a_model_of_logits_by_task_itself(images: Tensor) -> None:
    def model(batch: Tensor) -> dict[str, Tensor]:
        return {"segmentation": batch, "features": batch}

    assert prepare("m", model, images, LABELS) is model


def test_prepare_takes_a_tensor_of_rank_2_as_activity(images: Tensor) -> None:
    model = prepare("m", lambda batch: batch.mean((2, 3)), images, {"activity": ("cut", "hold", "pull")})
    assert model(images)["activity"].shape == (2, 3)


def test_prepare_takes_one_channel_as_the_foreground_of_two_classes(images: Tensor) -> None:
    net = Net(1).eval()
    logits = prepare("m", net, images, {"segmentation": ("tissue", "tool")})(images)["segmentation"]
    torch.testing.assert_close(logits.softmax(1)[:, 1:], net(images).sigmoid())


def test_prepare_draws_no_random_numbers_of_the_run(images: Tensor) -> None:
    torch.manual_seed(3)
    expected = torch.rand(4)
    torch.manual_seed(3)
    prepare("m", lambda batch: batch + torch.rand_like(batch), images, LABELS)
    assert torch.equal(torch.rand(4), expected)


def test_prepare_warns_of_probabilities(images: Tensor) -> None:
    with pytest.warns(UserWarning, match="'m' seems to return probabilities"):
        prepare("m", lambda batch: batch.softmax(1), images, LABELS)


def test_prepare_refuses_probabilities_of_the_foreground(images: Tensor) -> None:
    """Above 0 everywhere, they would make every pixel foreground."""
    with pytest.raises(ModelError, match="seem to be probabilities: return the logits, before the sigmoid"):
        prepare("m", lambda batch: batch[:, :1], images, {"segmentation": ("tissue", "tool")})


@pytest.mark.parametrize(
    ("model", "text"),
    [
        (Net(5), "Expected 3 segmentation outputs as in the data, got 5 in the model 'm'"),
        (Net().half(), "convert its weights by model.float"),
        (nn.Conv2d(1, 3, 1), "Cannot run the model 'm' on float images"),
        (lambda batch: batch.argmax(1), r"got a tensor of shape \(2, 24, 32\)"),
        (lambda batch: batch.argmax(1, keepdim=True), "before any argmax"),
        (lambda batch: batch.numpy(), "got ndarray"),
        (lambda batch: (batch, batch), "got tuple of 2"),
        (lambda batch: 1 / 0, "ZeroDivisionError"),
        (lambda batch: batch * float("nan"), "got NaN or infinity from the model 'm'"),
        (lambda batch: batch.mul_(2), "not to change its input"),
        (lambda batch: batch.mean((2, 3)), "to predict segmentation, which is what the data have, got only activity"),
    ],
)
def test_prepare_names_the_model_that_does_not_fit(model: Any, text: str, images: Tensor) -> None:
    with pytest.raises(ModelError, match=text):
        prepare("m", model, images, LABELS)


def test_prepared_models_are_evaluated_in_eval_mode_and_restored() -> None:
    net = Net().train()
    net.masks.eval()  # frozen by its user
    with prepared_models({"ours": [net, Net()]}, LABELS, (24, 32), CPU) as models:
        assert list(models) == ["ours"]
        assert len(models["ours"]) == 2
        assert not net.dropout.training
    assert (net.training, net.dropout.training, net.masks.training) == (True, True, False)


def test_networks_that_functions_call_are_in_eval_mode_and_restored() -> None:
    closed, owner = Net().train(), Net().train()
    owner.masks.eval()
    frames = torch.rand(1, 3, 24, 32)
    with prepared_models(
        {"a": lambda batch: {"out": closed(batch)}, "b": owner.forward}, LABELS, (24, 32), CPU
    ) as models:
        assert not closed.dropout.training
        assert not owner.training
        assert torch.equal(models["a"](frames)["segmentation"], models["a"](frames)["segmentation"])
    assert (closed.training, closed.dropout.training) == (True, True)
    assert (owner.training, owner.dropout.training, owner.masks.training) == (True, True, False)


def test_unchanged_removes_hooks_after_an_error() -> None:
    net = Net().train()

    def fail() -> None:
        with unchanged([net]):
            net.eval()
            net.masks.register_forward_pre_hook(print)
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert net.training
    assert not net.masks._forward_pre_hooks
