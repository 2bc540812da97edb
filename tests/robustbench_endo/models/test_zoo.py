"""The contract that every zoo entry meets; large ones with few layers, their full size by parameter counts."""

from __future__ import annotations

import copy
import json
from pathlib import Path

import pytest
import torch
from torch import nn

from robustbench_endo.errors import ModelError, UnknownNameError
from robustbench_endo.models import build, list_models, load_model
from robustbench_endo.models.zoo import ZOO
from robustbench_endo.types import Model

GOLDEN = json.loads((Path(__file__).parent / "golden_parameters.json").read_text(encoding="utf-8"))
"""Parameters and trained parameters of every entry with 7 classes and 3 activities."""


SMALL = {
    "tiny-resnet": "input_size=64x80",
    "tiny-endoarss": "input_size=64x80",
    "resnet101": "depth=1,head_channels=8,input_size=any",
    "dinov2": "size=s,depth=1,head_channels=8,input_size=any",
    "dinov3": "size=s,depth=1,head_channels=8,input_size=any",
    "endoarss": "size=s,depth=1,head_channels=8,sma_dim=8,input_size=any",
    "endoarss/official": "depth=1",
}
"""Options by backbone, so that a test is quick."""


SIZES = ((56, 70), (61, 75), (96, 48))
"""One a multiple of 14, one of nothing, one upright."""


TASKS = ("segmentation", "activity")


def small(entry: str) -> str:
    return f"{entry}@{SMALL.get(entry) or SMALL[entry.partition('/')[0]]}"


@pytest.fixture(scope="module", params=sorted(ZOO))
def model(request: pytest.FixtureRequest) -> nn.Module:
    return load_model(small(request.param), num_classes=7, num_activities=3)


def test_zoo_entries_are_those_of_the_golden_table():
    assert set(GOLDEN) == set(ZOO)
    assert set(ZOO) <= set(list_models())


@pytest.mark.slow
@pytest.mark.parametrize("entry", sorted(GOLDEN))
def test_zoo_parameter_counts_are_the_golden_ones(entry):
    with torch.device("meta"):
        network = build(entry, 7, 3)
    counts = [p.numel() for p in network.parameters()], [p.numel() for p in network.parameters() if p.requires_grad]
    assert {"parameters": sum(counts[0]), "trained": sum(counts[1])} == GOLDEN[entry]


def test_zoo_model_meets_the_contract_and_has_its_attributes(model):
    assert isinstance(model, Model)
    assert not model.training
    assert (model.num_classes, model.num_activities) == (7, 3)
    assert (model.classes, model.activities) == (None, None)
    assert model.input_size == ((64, 80) if "tiny-" in model.spec else None)
    assert len(model.weights_sha256) == 64


@pytest.mark.parametrize("size", SIZES)
def test_zoo_model_gives_logits_at_any_size(model, frames, size):
    images = frames(2, *size)
    before = images.clone()
    with torch.inference_mode():
        output, again = model(images), model(images)
    assert set(output) == set(TASKS)
    assert output["segmentation"].shape[:2] == (2, 7)
    assert output["activity"].shape == (2, 3)
    assert all(logits.dtype == torch.float32 and logits.isfinite().all() for logits in output.values())
    assert all(torch.equal(output[task], again[task]) for task in output)
    assert torch.equal(images, before)


def test_zoo_model_gives_a_batch_the_logits_of_its_items(model, frames):
    images = frames(2, *SIZES[1])
    with torch.inference_mode():
        together = model(images)
        for index in range(2):
            single = model(images[index : index + 1])
            for task in together:
                torch.testing.assert_close(single[task][0], together[task][index], atol=1e-4, rtol=1e-4)


@pytest.mark.slow
def test_zoo_model_state_dict_round_trip_and_reproducible_weights(model, frames):
    again = load_model(model.spec, num_classes=7, num_activities=3)
    assert again.weights_sha256 == model.weights_sha256
    for parameter in again.parameters():
        nn.init.zeros_(parameter)
    again.load_state_dict(model.state_dict())
    images = frames(1, *SIZES[0])
    with torch.inference_mode():
        assert all(torch.equal(again(images)[task], model(images)[task]) for task in TASKS)


def test_zoo_model_gradients_reach_exactly_the_trained_parameters(model, frames):
    network = copy.deepcopy(model).train()
    logits, auxiliary = network.with_auxiliary(frames(2, *SIZES[0]))
    sum(value.square().mean() for value in [*logits.values(), *auxiliary.values()]).backward()
    trained = {name for name, parameter in network.named_parameters() if parameter.requires_grad}
    assert {name for name, parameter in network.named_parameters() if parameter.grad is not None} == trained
    frozen = len(trained) < len(list(network.parameters()))
    assert frozen == model.spec.startswith(("dino", "endoarss"))


@pytest.mark.parametrize(("task", "other"), [TASKS, TASKS[::-1]])
def test_zoo_model_loss_of_a_task_never_reaches_the_other_head(model, frames, task, other):
    network = copy.deepcopy(model).train()
    network(frames(2, *SIZES[0]))[task].square().mean().backward()
    theirs = {"segmentation": "segmentation", "activity": "classification"}
    heads = network.heads if hasattr(network, "heads") else network.decoders
    name = (lambda task: task) if hasattr(network, "heads") else theirs.__getitem__
    assert all(parameter.grad is None for parameter in heads[name(other)].parameters())
    assert all(parameter.grad is not None for parameter in heads[name(task)].parameters())


def test_zoo_model_in_bfloat16_stays_close(model, frames):
    images = frames(1, *SIZES[0])
    with torch.inference_mode():
        exact = model(images)
        rounded = copy.deepcopy(model).bfloat16()(images.bfloat16())
    for task, logits in exact.items():
        assert rounded[task].dtype == torch.bfloat16
        assert (rounded[task].float() - logits).abs().max() <= 0.05 * logits.abs().max()


@pytest.mark.slow
def test_zoo_model_exports_as_a_graph_with_an_open_batch(model, frames):
    backbone, architecture = model.spec.partition("@")[0].split("/")
    if architecture not in ("tesla", "official") and backbone != "dinov2":
        pytest.skip("seconds each: every backbone under TESLA, and every architecture on DINOv2, stand for the rest")
    images = frames(2, *SIZES[0])
    with torch.no_grad():
        program = torch.export.export(model, (images,), dynamic_shapes=({0: torch.export.Dim("batch")},))
        exported, expected = program.module()(frames(3, *SIZES[0])), model(frames(3, *SIZES[0]))
    for task in TASKS:
        torch.testing.assert_close(exported[task], expected[task], atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize(
    "entry", sorted(entry for entry in ZOO if entry.startswith(("tiny", "dinov2")) or "/o" in entry)
)
def test_zoo_model_of_one_task_has_only_its_logits(entry, frames):
    only = load_model(small(entry), num_classes=4)
    assert set(only(frames(1, *SIZES[0]))) == {"segmentation"}
    assert set(load_model(small(entry), num_activities=5)(frames(1, *SIZES[0]))) == {"activity"}


def test_build_of_unknown_names_lists_the_closest():
    with pytest.raises(UnknownNameError, match="got 'tiny-resnet/mmo': did you mean tiny-resnet/mmoe"):
        load_model("tiny-resnet/mmo", num_classes=3)
    with pytest.raises(UnknownNameError, match="model option, got 'expert': did you mean experts"):
        load_model("tiny-resnet/mmoe@expert=3", num_classes=3)
    with pytest.raises(UnknownNameError, match="network of timm, got 'resnett18': did you mean resnet18"):
        load_model("timm:resnett18/hps", num_classes=3)
    with pytest.raises(UnknownNameError, match="model, got 'timm:resnet18/tessla': did you mean timm:resnet18/tesla"):
        load_model("timm:resnet18/tessla", num_classes=3)


def test_build_without_a_task_raises():
    with pytest.raises(ModelError, match="Expected num_classes or num_activities .* got neither"):
        load_model("tiny-resnet/mmoe")


def test_build_with_a_size_that_does_not_fit_raises():
    with pytest.raises(
        ModelError, match="Expected options that fit each other in 'tiny-endoarss/hps@input_size=50x70'"
    ):
        build("tiny-endoarss/hps@input_size=50x70", 4, 2)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ("dinov2/tesla@adapter=none", "adapter=none, where the architecture is made of adapters"),
        ("resnet101/tesla@adapter=lora", "no layer for these adapters"),
        ("dinov2/hps@rank=0,depth=1", "a rank of 0"),
        ("dinov2/mmoe@gate=flat,input_size=any,depth=1", "input_size=any, where a fixed size is needed"),
        ("tiny-endoarss/hps@input_size=any", "input_size=any, where a fixed size is needed"),
        ("tiny-resnet/mmoe@experts=0", "0 experts"),
        ("tiny-resnet/dselect_k@select=-1", "select=-1"),
        ("dinov2/hps@size=s,depth=1,dropout=1.5", "dropout probability has to be between 0 and 1"),
    ],
)
def test_build_with_options_that_do_not_fit_raises(options, reason):
    with pytest.raises(ModelError, match=f"Expected options that fit each other in '{options}', got: {reason}"):
        build(options, 2, 2)
