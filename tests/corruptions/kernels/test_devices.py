"""The path that other devices take, forced on the CPU: a whole batch in plain torch against compiled items."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from robustbench_endo.corruptions import CORRUPTIONS, Corruption
from robustbench_endo.corruptions.base import CorruptedBatch, scaled
from robustbench_endo.corruptions.rng import Noise, image_key

IDS = ("a", "b", "c")


def check_agreement(damage: CorruptedBatch, expected: CorruptedBatch) -> None:
    """At most one level of 255 apart on 99.99 % of the values, and the same masks."""
    apart = (damage.images.cpu().clamp(0, 1) - expected.images).abs() * 255
    assert (apart <= 1).float().mean() >= 0.9999
    for field in ("grid", "opacity"):
        made, wanted = getattr(damage, field), getattr(expected, field)
        assert (made is None) == (wanted is None)
        if wanted is not None:
            assert ((made.cpu() - wanted).abs() < 1e-3).float().mean() >= 0.9999


@pytest.mark.parametrize("severity", [1, 5])
@pytest.mark.parametrize("corruption", CORRUPTIONS, ids=lambda item: item.name)
def test_a_batch_in_plain_torch_equals_compiled_items(
    corruption: Corruption, severity: int, frames: Callable[..., Tensor], request: pytest.FixtureRequest
) -> None:
    images = frames(3, 96, 112)[..., :111]
    expected = corruption(images, severity, IDS, reference_size=48)
    request.getfixturevalue("plain_torch")
    # The base class takes CPU images one by one; a device gets the batch at once.
    noise = Noise(tuple(image_key(0, i, corruption.name, severity) for i in IDS), images.device)
    result = corruption.apply(images, scaled(corruption.severities[severity - 1], (96, 111), 48), noise)
    check_agreement(result if isinstance(result, CorruptedBatch) else CorruptedBatch(result), expected)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("severity", [1, 3, 5])
@pytest.mark.parametrize("corruption", CORRUPTIONS, ids=lambda item: item.name)
def test_a_gpu_agrees_with_the_cpu(corruption: Corruption, severity: int, frames: Callable[..., Tensor]) -> None:
    images = frames(3, 256, 320)
    check_agreement(corruption(images.cuda(), severity, IDS), corruption(images, severity, IDS))
