"""Feature maps keep the geometry of the image, in a memory layout that does not crash."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from robustbench_endo.models import build, load_model
from robustbench_endo.models.backbones.feature_maps import to_fast_layout
from robustbench_endo.models.contiguous_convolutions import crashes_in_channels_last

SMALL = "size=s,depth=1,head_channels=8,input_size=any"


@pytest.mark.parametrize(
    ("spec", "size"),
    [
        ("tiny-resnet/hps", (160, 208)),
        ("tiny-endoarss/hps", (160, 208)),
        (f"dinov2/hps@{SMALL}", (154, 210)),
        (f"dinov3/hps@{SMALL}", (160, 208)),
        (f"endoarss/hps@{SMALL},sma_dim=8", (154, 210)),
        ("resnet101/hps@depth=1,input_size=any", (160, 208)),
        ("timm:vit_tiny_patch16_224/hps@depth=1,input_size=any", (160, 208)),
        ("timm:convnextv2_atto/hps@input_size=any", (160, 224)),
        ("timm:pvt_v2_b0/hps@input_size=any", (160, 224)),
        ("timm:caformer_s18/hps@input_size=any", (160, 224)),
    ],
)
def test_feature_maps_keep_the_position_of_a_bright_patch(spec, size):
    torch.manual_seed(0)
    network = build(spec, 7, 3).eval()
    dark = torch.full((1, 3, *size), 0.4)
    lit = dark.clone()
    lit[..., 112:128, 48:64] += 0.5
    with torch.inference_mode():
        change = [network.trunk.features(network.prepare(images))[0]["segmentation"] for images in (dark, lit)]
    energy = (change[1] - change[0]).square().sum(dim=1)[0]
    row, column = divmod(int(energy.argmax()), energy.shape[1])
    stride = size[0] / energy.shape[0]
    assert abs((row + 0.5) * stride - 120) <= max(1.5 * stride, 24)
    assert abs((column + 0.5) * stride - 56) <= max(1.5 * stride, 24)


ROOT = Path(__file__).parents[4]


def test_crashes_in_channels_last_finds_the_layer():
    assert crashes_in_channels_last(torch.nn.Sequential(torch.nn.Conv2d(8, 16, 1, stride=2)))
    for layer in (torch.nn.Conv2d(16, 16, 1, stride=2), torch.nn.Conv2d(8, 16, 1), torch.nn.Conv2d(8, 16, 3, stride=2)):
        assert not crashes_in_channels_last(torch.nn.Sequential(layer))


def test_models_with_the_layer_run_in_contiguous_layout_on_the_cpu():
    model = load_model("tiny-resnet/hps@width=8,head_channels=8,input_size=32x40", 2, 2)
    layouts = []
    for layer in model.modules():
        if isinstance(layer, torch.nn.Conv2d) and max(layer.stride) > 1 and layer.kernel_size == (1, 1):
            layer.register_forward_pre_hook(lambda _, inputs: layouts.append(inputs[0].is_contiguous()))
    outputs = model.train()(torch.rand(2, 3, 32, 40))
    sum(output.sum() for output in outputs.values()).backward()
    assert layouts
    assert all(layouts)


def test_to_fast_layout_is_channels_last_without_the_layer():
    images = torch.rand(2, 3, 8, 10)
    assert to_fast_layout(images, contiguous_on_cpu=False).is_contiguous(memory_format=torch.channels_last)
    assert to_fast_layout(images, contiguous_on_cpu=True).is_contiguous()
