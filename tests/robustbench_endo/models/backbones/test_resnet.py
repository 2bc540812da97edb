"""ResNet backbones: depth, strides and map sizes."""

from __future__ import annotations

import pytest
import torch

from robustbench_endo.models.backbones.resnet import STAGES, ResNet101, TinyResNet


def test_resnet101_depth_keeps_that_many_blocks_of_each_stage():
    with torch.device("meta"):
        network = ResNet101(depth=2).build(adapters=0).body.network
    assert [len(getattr(network, stage)) for stage in STAGES] == [2, 2, 2, 2]


@pytest.mark.parametrize("stride", [8, 16, 32])
def test_resnet101_stride_is_that_of_its_map(stride):
    with torch.device("meta"):
        encoder = ResNet101(depth=1, stride=stride).build(adapters=0)
        features = encoder(torch.zeros(1, 3, 64, 96))
    assert encoder.multiple == stride
    assert features.shape == (1, 2048, 64 // stride, 96 // stride)


def test_tiny_resnet_map_has_a_stride_of_four_and_the_fine_channels():
    encoder = TinyResNet(width=8, fine=12).build(adapters=0).eval()
    features = encoder(torch.rand(1, 3, 32, 48))
    assert features.shape == (1, 12, 8, 12)
    assert (features >= 0).all()
