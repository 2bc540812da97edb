"""The network of a zoo entry: padding, merged weights, one task."""

from __future__ import annotations

import pytest
import torch

from robustbench_endo.models import build
from robustbench_endo.models.layers.lora import LowRank

SMALL = "size=s,depth=1,head_channels=8,input_size=any"


def test_network_logits_of_a_padded_frame_cover_exactly_the_frame(frames):
    network = build(f"dinov2/hps@{SMALL}", 3, None).eval()
    images = frames(1, 61, 75)
    extended = torch.nn.functional.pad(images, (0, 9, 0, 9), mode="replicate")
    with torch.inference_mode():
        logits, padded = network(images)["segmentation"], network(extended)["segmentation"]
    enlarged = torch.nn.functional.interpolate(padded, (70, 84), mode="bilinear")
    torch.testing.assert_close(logits, enlarged[..., :61, :75])


def test_network_merged_gives_the_same_logits_without_adapters(adapted_network, frames):
    merged = adapted_network.merged()
    assert not [layer for layer in merged.modules() if isinstance(layer, LowRank)]
    assert not any(parameter.requires_grad for parameter in merged.parameters())
    images = frames(2, 61, 75)
    with torch.inference_mode():
        for task, logits in adapted_network(images).items():
            torch.testing.assert_close(merged(images)[task], logits, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("task", ["segmentation", "activity"])
def test_network_only_gives_the_logits_of_a_task_in_one_pass(adapted_network, frames, task):
    only = adapted_network.only(task)
    batches: list[int] = []
    encoder = next(module for name, module in only.trunk.named_modules() if name.endswith("encoder"))
    encoder.body.register_forward_hook(lambda _, inputs, __: batches.append(len(inputs[0])))
    images = frames(2, 61, 75)
    with torch.inference_mode():
        logits = only(images)
        torch.testing.assert_close(logits[task], adapted_network(images)[task], atol=1e-5, rtol=1e-5)
        torch.testing.assert_close(only.merged()(images)[task], logits[task], atol=1e-5, rtol=1e-5)
    assert set(logits) == {task}
    assert batches[0] == (4 if "mmoe" in adapted_network.spec else 2)
