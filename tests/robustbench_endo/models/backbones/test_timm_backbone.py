"""Any network of timm as a backbone."""

from __future__ import annotations

import pytest
import torch

from robustbench_endo.errors import UnknownNameError
from robustbench_endo.models import build
from robustbench_endo.models.backbones import TimmBackbone


@pytest.mark.parametrize(
    ("name", "channels", "stride"),
    [("resnet18", 512, 32), ("convnextv2_atto", 320, 32), ("vit_tiny_patch16_224", 192, 16)],
)
def test_timm_backbone_has_the_channels_and_stride_of_the_network(name, channels, stride):
    encoder = TimmBackbone(network=name, depth=1 if "vit" in name else 0).build(adapters=0).eval()
    assert (encoder.channels, encoder.multiple) == (channels, stride)
    assert encoder(torch.rand(1, 3, 64, 96)).shape == (1, channels, 64 // stride, 96 // stride)


def test_timm_backbone_normalises_as_the_weights_were_trained():
    encoder = TimmBackbone(network="vit_tiny_patch16_224", depth=1).build(adapters=0)
    assert encoder.mean == encoder.std == (0.5, 0.5, 0.5)


def test_timm_backbone_without_architecture_lists_the_closest():
    with pytest.raises(UnknownNameError, match="timm:resnet18/hps"):
        build("timm:resnet18", 3, 2)
