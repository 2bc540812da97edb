"""The contract that every zoo entry inherits."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from robustbench_endo.errors import ModelError, UnknownNameError
from robustbench_endo.models import build, list_models, load_model
from robustbench_endo.models.zoo import ZOO
from robustbench_endo.types import Model

PARAMETERS = {
    "tiny-resnet/mmoe": 402_791,
    "tiny-resnet/dselect_k": 402_791,
    "tiny-resnet/tesla": 275_383,
    "tiny-resnet/hps": 249_355,
    "tiny-resnet/single-task": 402_275,
    "tiny-endoarss/mmoe": 942_351,
    "tiny-endoarss/dselect_k": 942_351,
    "tiny-endoarss/tesla": 562_439,
    "tiny-endoarss/hps": 544_007,
    "tiny-endoarss/single-task": 941_579,
}
"""Golden: parameters of every entry with 7 classes and 3 activities."""

SIZES = ((96, 128), (75, 131), (64, 80))


@pytest.fixture(scope="module", params=sorted(ZOO))
def model(request: pytest.FixtureRequest) -> nn.Module:
    """Every entry, at a size that is quick."""
    return load_model(f"{request.param}@input_size=64x80", num_classes=7, num_activities=3)


def test_the_golden_table_names_every_entry():
    assert set(PARAMETERS) == set(ZOO)
    assert set(ZOO) <= set(list_models())


@pytest.mark.parametrize(("spec", "count"), PARAMETERS.items())
def test_parameter_count_is_the_golden_one(spec, count):
    network = build(spec, 7, 3)
    assert sum(parameter.numel() for parameter in network.parameters()) == count
    assert network.input_size == (160, 208)


def test_meets_the_contract_and_carries_its_attributes(model):
    assert isinstance(model, Model)
    assert not model.training
    assert (model.num_classes, model.num_activities) == (7, 3)
    assert (model.classes, model.activities) == (None, None)
    assert model.input_size == (64, 80)
    assert len(model.weights_sha256) == 64


@pytest.mark.parametrize("size", SIZES)
def test_output_shapes_at_any_size(model, frames, size):
    output = model(frames(2, *size))
    assert set(output) == {"segmentation", "activity"}
    assert output["segmentation"].shape == (2, 7, 32, 40)
    assert output["activity"].shape == (2, 3)
    assert all(logits.dtype == torch.float32 and logits.isfinite().all() for logits in output.values())


def test_eval_is_deterministic_and_leaves_the_frames_alone(model, frames):
    images = frames()
    kept = images.clone()
    first, second = model(images), model(images)
    assert all(torch.equal(first[task], second[task]) for task in first)
    assert torch.equal(images, kept)


def test_a_batch_equals_its_items(model, frames):
    images = frames(3)
    together = model(images)
    for index in range(3):
        alone = model(images[index : index + 1])
        for task in together:
            torch.testing.assert_close(alone[task][0], together[task][index], atol=1e-4, rtol=1e-4)


def test_state_dict_round_trip(model, frames):
    copy = build(model.spec, 7, 3).eval()
    copy.load_state_dict(model.state_dict())
    images = frames(1)
    assert all(torch.equal(copy(images)[task], model(images)[task]) for task in ("segmentation", "activity"))


def test_the_same_call_gives_the_same_weights(model):
    assert load_model(model.spec, num_classes=7, num_activities=3).weights_sha256 == model.weights_sha256


def test_the_losses_of_both_tasks_together_reach_every_parameter(model, frames):
    network = build(model.spec, 7, 3)
    logits, auxiliary = network.with_auxiliary(frames())
    sum(value.square().mean() for value in [*logits.values(), *auxiliary.values()]).backward()
    assert [name for name, parameter in network.named_parameters() if parameter.grad is None] == []


@pytest.mark.parametrize(("task", "other"), [("segmentation", "activity"), ("activity", "segmentation")])
def test_a_task_never_reaches_the_head_of_the_other(model, frames, task, other):
    network = build(model.spec, 7, 3)
    network(frames())[task].square().mean().backward()
    assert all(parameter.grad is None for parameter in network.heads[other].parameters())
    assert all(parameter.grad is not None for parameter in network.heads[task].parameters())


@pytest.mark.parametrize("spec", sorted(ZOO))
def test_one_task_alone(spec, frames):
    small = f"{spec}@input_size=32x48"
    only = load_model(small, num_classes=4)
    assert set(only(frames(1))) == {"segmentation"}
    assert set(load_model(small, num_activities=5)(frames(1))) == {"activity"}


@pytest.mark.parametrize("backbone", ["tiny-resnet", "tiny-endoarss"])
def test_a_patch_lit_in_the_image_lights_the_same_place_in_the_features(backbone):
    network = build(f"{backbone}/hps", 7, 3).eval()
    dark = torch.full((1, 3, 160, 208), 0.4)
    lit = dark.clone()
    lit[..., 112:128, 48:64] += 0.5
    with torch.inference_mode():
        change = [network.trunk.features(network.prepare(images))[0]["segmentation"] for images in (dark, lit)]
    energy = (change[1] - change[0]).square().sum(dim=1)[0]
    row, column = divmod(int(energy.argmax()), energy.shape[1])
    stride = 160 / energy.shape[0]
    assert abs((row + 0.5) * stride - 120) <= 2 * stride
    assert abs((column + 0.5) * stride - 56) <= 2 * stride


def test_unknown_names_are_answered_with_the_closest():
    with pytest.raises(UnknownNameError, match="found 'tiny-resnet/mmo': did you mean tiny-resnet/mmoe"):
        load_model("tiny-resnet/mmo", num_classes=3)
    with pytest.raises(UnknownNameError, match="model option, found 'expert': did you mean experts"):
        load_model("tiny-resnet/mmoe@expert=3", num_classes=3)


def test_a_model_without_a_task_is_refused():
    with pytest.raises(ModelError, match="Expected num_classes or num_activities .* found neither"):
        load_model("tiny-resnet/mmoe")
