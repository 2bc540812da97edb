"""Convolutions that crash in channels-last layout run in contiguous layout, with equal values."""

import copy
import subprocess
import sys

import pytest
import torch
from torch import nn

from robustbench_endo.models.contiguous_convolutions import crashes_in_channels_last, use_contiguous_convolutions

CPU = torch.device("cpu")

TRAINING = """
import torch
from torch import nn
from robustbench_endo.models.contiguous_convolutions import use_contiguous_convolutions

network = nn.Sequential(nn.Conv2d(3, 8, 3), nn.Conv2d(8, 16, 1, 2), nn.Conv2d(16, 7, 1))
network = network.to(memory_format=torch.channels_last)
use_contiguous_convolutions({"mine": network}, torch.device("cpu"))
for width in range(48, 68):
    images = torch.rand(4, 3, width, 64).contiguous(memory_format=torch.channels_last)
    network(images).square().mean().backward()
"""


def network():
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 16, 1, 2), nn.Conv2d(16, 4, 1))


def test_crashes_in_channels_last_finds_the_layer_in_groups():
    assert crashes_in_channels_last(nn.Sequential(nn.Conv2d(16, 16, 1, stride=(1, 2), groups=2)))
    assert not crashes_in_channels_last(nn.Sequential(nn.Conv2d(16, 16, 1, stride=2, groups=4)))


@pytest.mark.parametrize("side", [1, 24])
def test_use_contiguous_convolutions_changes_no_value(side):
    plain, safe = network(), network()
    notes = use_contiguous_convolutions({"mine": safe}, CPU)
    assert notes[0].startswith("Model mine: its strided 1 x 1 convolutions from 8 channels run in contiguous memory")
    images = torch.rand(2, 3, side, side)
    expected, logits = plain(images), safe(images)
    assert torch.equal(logits, expected)
    for output in (expected, logits):
        output.square().sum().backward()
    for first, second in zip(plain.parameters(), safe.parameters(), strict=True):
        assert torch.equal(first.grad, second.grad)


@pytest.mark.parametrize("side", [1, 24])
def test_use_contiguous_convolutions_gives_the_layer_plain_strides(side):
    safe = network().to(memory_format=torch.channels_last)
    layer, strides = safe[2], []
    use_contiguous_convolutions({"mine": safe}, CPU)
    layer.register_forward_pre_hook(lambda _, inputs: strides.append((inputs[0].stride(), layer.weight.stride())))
    safe(torch.rand(2, 3, side, side).contiguous(memory_format=torch.channels_last))
    assert strides == [((8 * side * side, side * side, side, 1), (8, 1, 1, 1))]


def test_use_contiguous_convolutions_adds_one_hook_that_copies_keep():
    model = network()
    for _ in range(2):
        use_contiguous_convolutions({"mine": model}, CPU)
    assert [len(layer._forward_pre_hooks) for layer in copy.deepcopy(model)] == [0, 0, 1, 0]


def test_use_contiguous_convolutions_leaves_other_models_and_devices_as_they_are():
    model = network()
    assert use_contiguous_convolutions({"mine": model}, torch.device("cuda")) == ()
    assert use_contiguous_convolutions({"a": nn.Conv2d(3, 8, 1, 2), "b": lambda images: images}, CPU) == ()
    assert not model[2]._forward_pre_hooks


def test_use_contiguous_convolutions_survives_a_training_step():
    done = subprocess.run([sys.executable, "-c", TRAINING], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
