"""Corruptions of 8-bit frames: within a level of the rounded values, at native and scaled lengths."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from torch import Tensor

from robustbench_endo.corruptions.base import CorruptedBatch, scale_lengths
from robustbench_endo.corruptions.errors import CorruptionError
from robustbench_endo.corruptions.functional import corrupt
from robustbench_endo.corruptions.registry import CORRUPTIONS
from robustbench_endo.corruptions.rng import Noise

_BY_NAME = {item.name: item for item in CORRUPTIONS if "apply_bytes" in vars(type(item))}


@pytest.mark.parametrize("reference_size", [None, 24])
@pytest.mark.parametrize("severity", [1, 5])
@pytest.mark.parametrize("name", _BY_NAME)
def test_apply_bytes_is_within_a_level_of_apply(
    name: str, severity: int, reference_size: int | None, frames: Callable[..., Tensor]
) -> None:
    corruption = _BY_NAME[name]
    images = frames(1)
    levels = np.ascontiguousarray((images[0] * 255).round().byte().permute(1, 2, 0).numpy())
    before, noise = levels.copy(), Noise((7,), torch.device("cpu"))
    params = scale_lengths(corruption.severities[severity - 1], levels.shape[:2], reference_size)
    result = corruption.apply_bytes(levels, params, noise)
    if result is None:
        pytest.skip("these parameters take the path of values")
    images = torch.from_numpy(levels).permute(2, 0, 1)[None].float() / 255
    applied = corruption.apply(images, params, noise)
    values = applied.images if isinstance(applied, CorruptedBatch) else applied
    expected = (values.clamp(0, 1)[0] * 255).round().permute(1, 2, 0).numpy()
    assert result.dtype == np.uint8
    assert np.abs(result - expected).max() <= (0 if name in {"brightness", "contrast", "gamma_correction"} else 1)
    assert np.array_equal(levels, before)
    assert np.array_equal(corruption.apply_bytes(levels[:, ::-1][:, ::-1], params, noise), result)


@pytest.mark.parametrize("name", ["brightness", "gamma_correction", "jpeg_compression", "gaussian_blur"])
def test_corrupt_gives_the_same_bytes_for_a_batch_and_its_items(name: str, frames: Callable[..., Tensor]) -> None:
    levels = (frames(2) * 255).round().byte().permute(0, 2, 3, 1).numpy()
    batch = corrupt(levels, name, 3, ids=["a", "b"])
    for frame, image_id, corrupted in zip(levels, "ab", batch, strict=True):
        assert np.array_equal(corrupt(frame, name, 3, ids=image_id), corrupted)
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda _: corrupt(levels, name, 3, ids=["a", "b"]), range(8)))
    assert all(np.array_equal(result, batch) for result in results)


def test_corrupt_checks_8_bit_frames_like_values() -> None:
    frame = np.zeros((40, 40, 3), np.uint8)
    with pytest.raises(CorruptionError, match="got 6"):
        corrupt(frame, "brightness", 6)
    with pytest.raises(CorruptionError, match="at least 32 x 32"):
        corrupt(frame[:20], "brightness", 3)
    with pytest.raises(CorruptionError, match="one"):
        corrupt(np.stack([frame, frame]), "brightness", 3, ids=["a"])
