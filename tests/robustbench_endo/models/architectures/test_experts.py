"""Experts: auxiliary losses, shared trunks and flat gates."""

from __future__ import annotations

import math

import pytest
import torch

from robustbench_endo.errors import ModelError
from robustbench_endo.models import build


def test_dselect_k_entropy_is_an_auxiliary_loss(frames):
    network = build("tiny-resnet/dselect_k@entropy=0.5", 4, 2)
    _, auxiliary = network.with_auxiliary(frames())
    assert set(auxiliary) == {"gate_segmentation", "gate_activity"}
    assert all(0 < loss.item() <= 0.5 * math.log(2) + 1e-6 for loss in auxiliary.values())
    assert all(parameter.grad is None for parameter in network.parameters())
    assert build("tiny-resnet/mmoe", 4, 2).with_auxiliary(frames())[1] == {}


@pytest.mark.parametrize(
    ("spec", "select"),
    [
        ("tiny-resnet/dselect_k", 1),
        ("tiny-resnet/dselect_k@select=2", 2),
        ("dinov2/dselect_k@size=s,depth=1", 2),
        ("dinov2/dselect_k@size=s,depth=1,select=1", 1),
    ],
)
def test_dselect_k_selects_two_experts_in_large_backbones(spec, select):
    assert {gate.select for gate in build(spec, 3, 2).trunk.gates.values()} == {select}


def test_dselect_k_options_of_libmtl_reach_the_gates():
    network = build("tiny-resnet/dselect_k@entropy=1e-6,reduction=sum,shares_init=0.05", 3, 2)
    for gate in network.trunk.gates.values():
        assert (gate.entropy, gate.reduction) == (1e-6, "sum")
        assert 0.04 < gate.shares.weight.abs().max() <= 0.05
    with pytest.raises(ModelError, match="select=-1 .give 1 or more"):
        build("tiny-resnet/dselect_k@select=-1", 3, 2)


def test_experts_shared_equal_separate_encoders_with_the_same_trunk(frames, with_updates):
    shared = with_updates(build("dinov2/mmoe@shared=yes,size=s,depth=1,head_channels=8,input_size=any", 3, 2)).eval()
    separate = build("dinov2/mmoe@size=s,depth=1,head_channels=8,input_size=any", 3, 2).eval()
    weights = shared.state_dict()
    mapped = {}
    for name, tensor in separate.state_dict().items():
        index = int(name.split(".")[2]) if name.startswith("trunk.experts.") else None
        source = weights[name.replace(f"experts.{index}.", "experts.encoder.")] if index is not None else weights[name]
        mapped[name] = source[index : index + 1] if source.shape != tensor.shape else source
    separate.load_state_dict(mapped)
    images = frames(2, 56, 70)
    with torch.inference_mode():
        for task, logits in shared(images).items():
            torch.testing.assert_close(separate(images)[task], logits, atol=1e-5, rtol=1e-4)


def test_experts_flat_gate_is_the_softmax_of_the_flattened_image(frames):
    network = build("tiny-resnet/mmoe@gate=flat,input_size=32x40", 3, None).eval()
    images = network.prepare(frames(2, 32, 40))
    gate = network.trunk.gates["segmentation"].logits
    weights = (images.reshape(2, -1) @ gate.weight.T + gate.bias).softmax(dim=1)
    maps = [expert(images) for expert in network.trunk.experts]
    expected = sum(weights[:, e, None, None, None] * maps[e] for e in range(2))
    torch.testing.assert_close(network.trunk.features(images)[0]["segmentation"], expected)
