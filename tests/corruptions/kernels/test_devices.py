"""The path that other devices take, forced on the CPU: a whole batch in plain torch against compiled items."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from robustbench_endo.corruptions import CORRUPTIONS, Corruption
from robustbench_endo.corruptions.base import Damage, scaled
from robustbench_endo.corruptions.noise_source import Noise, image_key

BLUR_AND_DIGITAL = [item for item in CORRUPTIONS if item.group in ("blur", "digital")]


@pytest.fixture
def plain_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    """No kernel is compiled."""
    for name, module in list(sys.modules.items()):
        if name.startswith("robustbench_endo.corruptions.kernels.") and hasattr(module, "compiled"):
            monkeypatch.setattr(module, "compiled", lambda images: False)


@pytest.mark.parametrize("severity", [1, 5])
@pytest.mark.parametrize("corruption", BLUR_AND_DIGITAL, ids=lambda item: item.name)
def test_a_batch_in_plain_torch_equals_compiled_items(
    corruption: Corruption, severity: int, frames: Callable[..., Tensor], request: pytest.FixtureRequest
) -> None:
    images = frames(3, 96, 112)[..., :111]
    ids = ["a", "b", "c"]
    expected = corruption(images, severity, ids, reference=48)
    request.getfixturevalue("plain_torch")
    # The base class takes CPU images one by one; a device gets the batch at once.
    noise = Noise(tuple(image_key(0, i, corruption.name, severity) for i in ids), images.device)
    result = corruption.apply(images, scaled(corruption.severities[severity - 1], (96, 111), 48), noise)
    damage = result if isinstance(result, Damage) else Damage(result)
    apart = (damage.images.clamp(0, 1) - expected.images).abs()
    if corruption.name == "jpeg_compression":
        assert apart.square().mean().sqrt() < 0.02
    else:
        assert apart.max() < 1e-3
    if expected.grid is not None:
        assert torch.allclose(damage.grid, expected.grid, atol=1e-5)
