"""The EndoARSS backbone at toy size."""

from __future__ import annotations

import pytest
import torch

from robustbench_endo.models.backbones.tiny_endoarss import TinyEndoARSS
from robustbench_endo.models.layers.lora import LowRank


def test_tiny_endoarss_map_has_a_stride_of_four_at_its_input_size():
    encoder = TinyEndoARSS(input_size=(32, 48), depth=1, dim=32, fine=12).build(adapters=0).eval()
    assert encoder(torch.rand(1, 3, 32, 48)).shape == (1, 12, 8, 12)


@pytest.mark.parametrize(("adapters", "tasks"), [(0, 1), (2, 2)])
def test_tiny_endoarss_always_has_adapters(adapters, tasks):
    body = TinyEndoARSS(input_size=(32, 48), depth=1, dim=32).build(adapters).body
    layers = [layer for layer in body.modules() if isinstance(layer, LowRank)]
    assert layers
    assert all(len(layer.a) == tasks for layer in layers)


@pytest.mark.parametrize("options", [{"input_size": (50, 48)}, {"patch": 2}, {"patch": 12, "input_size": (48, 48)}])
def test_tiny_endoarss_of_sizes_that_are_no_patches_raises(options):
    with pytest.raises(ValueError, match="is not made of patches of"):
        TinyEndoARSS(**options).build(adapters=0)
