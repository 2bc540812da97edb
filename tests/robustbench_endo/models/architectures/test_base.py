"""Hard parameter sharing and its opposite, an encoder per task."""

from __future__ import annotations

import pytest
import torch

from robustbench_endo.models import build

OPTIONS = "width=12,head_channels=8,input_size=32x40"


def test_hps_gives_every_task_the_same_features(frames):
    network = build(f"tiny-resnet/hps@{OPTIONS}", 3, 2).eval()
    features, auxiliary = network.trunk.features(network.prepare(frames(1)))
    assert features["segmentation"] is features["activity"]
    assert auxiliary == {}


def test_single_task_shares_no_parameter_and_no_gradient(frames):
    network = build(f"tiny-resnet/single-task@{OPTIONS}", 3, 2)
    network(frames())["activity"].sum().backward()
    gradients = {
        task: [parameter.grad for parameter in encoder.parameters()] for task, encoder in network.trunk.encoders.items()
    }
    assert all(gradient is None for gradient in gradients["segmentation"])
    assert all(gradient is not None for gradient in gradients["activity"])


@pytest.mark.parametrize("architecture", ["hps", "single-task", "mmoe"])
def test_keep_task_leaves_only_what_the_task_needs(frames, architecture):
    network = build(f"tiny-resnet/{architecture}@{OPTIONS}", 3, 2).eval()
    only = network.only("segmentation")
    assert (only.trunk.tasks, only.num_classes, only.num_activities) == (("segmentation",), 3, None)
    assert sum(p.numel() for p in only.parameters()) < sum(p.numel() for p in network.parameters())
    with torch.inference_mode():
        assert torch.equal(only(frames())["segmentation"], network(frames())["segmentation"])
